INSERT INTO snapshots (id, project, source, host, state, volume) VALUES ($1, $2, $3, $4, 'capturing', $5) RETURNING *
