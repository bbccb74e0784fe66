INSERT INTO backups (id, project, stack, host, volume, state, release, sealed_plan, snapshot, facts, purpose, forms)
VALUES ($1, $2, $3, $4, $5, 'taking', $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET state = 'taking', content = NULL, taken = NULL, dump = NULL
RETURNING *
