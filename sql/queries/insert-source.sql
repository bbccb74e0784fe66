INSERT INTO sources (project, name, server, database, sealed_url, sealed_key, key_id, policy, tls, ssh, sealed_ssh, limits, dump,
  known_schema, schema_known_at, replicas, sealed_replicas, schemas)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, CASE WHEN $14::jsonb IS NOT NULL THEN now() END, $15, $16, $17)
ON CONFLICT DO NOTHING
RETURNING *
