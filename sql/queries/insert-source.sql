INSERT INTO sources (project, name, server, database, sealed_url, sealed_key, key_id, policy)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING *
