UPDATE stacks SET state = 'ready', error = NULL, clone_mode = $2, release = $3, snapshot = coalesce($4, snapshot)
WHERE name = $1 AND state IN ('creating', 'resetting')
