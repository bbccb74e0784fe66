INSERT INTO drills (id, project, stack, backup, state) VALUES ($1, $2, $3, $4, 'running')
