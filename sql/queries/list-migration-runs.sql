SELECT * FROM migration_runs WHERE $1::text IS NULL OR project = $1 ORDER BY created_at DESC LIMIT 200
