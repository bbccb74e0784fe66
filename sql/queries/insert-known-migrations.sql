INSERT INTO known_migrations (key, versions) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET versions = excluded.versions
