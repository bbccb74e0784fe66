SELECT typname AS name FROM pg_type WHERE typtype = 'e'
