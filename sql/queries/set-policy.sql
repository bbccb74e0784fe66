UPDATE sources SET policy = $3, known_schema = $4, schema_known_at = now() WHERE project = $1 AND name = $2 RETURNING policy
