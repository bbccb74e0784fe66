-- One that is under way still was interrupted: nobody could record how it ended.
INSERT INTO operation_steps AS step (operation, name, state, position)
VALUES ($1, $2, 'running', (SELECT count(*) FROM operation_steps WHERE operation = $1))
ON CONFLICT (operation, name) DO UPDATE SET state = 'running', started_at = now(), finished_at = NULL,
  interruptions = step.interruptions + (step.state = 'running')::int
RETURNING interruptions
