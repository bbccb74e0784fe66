SELECT * FROM migration_runs
WHERE ($1::text IS NULL OR project = $1) AND ($2::text IS NULL OR stack = $2) AND ($3::text IS NULL OR kind = $3)
ORDER BY created_at DESC LIMIT 200
