UPDATE stacks SET state = 'deploying', error = NULL WHERE name = $1 AND state = 'ready' AND candidate IS NOT NULL RETURNING *
