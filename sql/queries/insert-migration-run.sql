INSERT INTO migration_runs (id, project, host, snapshot, state, release, sealed_plan, kind, stack)
VALUES ($1, $2, $3, $4, 'running', $5, $6, $7, $8)
