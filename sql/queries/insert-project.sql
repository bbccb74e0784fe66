INSERT INTO projects (name, bundle, sealed_variables, profiles, allow) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING *
