UPDATE sources SET server = $3, database = $4, sealed_url = $5, dump = $6, replicas = $7, sealed_replicas = $8, schemas = $9,
  tls = $10, ssh = $11, sealed_ssh = $12, limits = $13
WHERE project = $1 AND name = $2
RETURNING *
