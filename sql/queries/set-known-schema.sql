-- Only while the policy is the one that the schema was held against.
UPDATE sources SET known_schema = $4, schema_known_at = now(), found_schema = NULL WHERE project = $1 AND name = $2 AND policy = $3::jsonb
