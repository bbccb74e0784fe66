INSERT INTO operation_steps (operation, name, state, position)
VALUES ($1, $2, 'running', (SELECT count(*) FROM operation_steps WHERE operation = $1))
ON CONFLICT (operation, name) DO UPDATE SET state = 'running', started_at = now(), finished_at = NULL
