INSERT INTO sources (project, name, server, database, sealed_url, sealed_key, key_id, policy, tls, ssh, sealed_ssh, limits, replicas,
  sealed_replicas, schemas)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT DO NOTHING
RETURNING *
