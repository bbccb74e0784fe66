UPDATE sources SET policy = $3, known_schema = $4, schema_known_at = CASE WHEN $4::jsonb IS NOT NULL THEN now() END, found_schema = NULL
FROM projects WHERE projects.name = project AND project = $1 AND sources.name = $2 RETURNING policy, masking_locale
