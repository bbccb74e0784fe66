UPDATE sources SET policy = $3, known_schema = $4, schema_known_at = CASE WHEN $4::jsonb IS NOT NULL THEN now() END, found_schema = NULL
WHERE project = $1 AND name = $2 RETURNING policy
