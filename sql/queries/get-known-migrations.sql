SELECT versions FROM known_migrations WHERE key = $1
