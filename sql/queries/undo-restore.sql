UPDATE stacks SET state = $2, error = $3 WHERE name = $1 AND state = 'restoring'
