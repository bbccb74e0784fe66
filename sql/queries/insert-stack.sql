INSERT INTO stacks (name, project, host, snapshot, kind, state, deadline, health_timeout_ms, release, sealed_plan, migrate)
VALUES ($1, $2, $3, $4, $5, 'creating', $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
RETURNING *
