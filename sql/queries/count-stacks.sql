SELECT state, kind, clone_mode, count(*)::int AS count FROM stacks GROUP BY state, kind, clone_mode
