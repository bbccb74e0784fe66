UPDATE stacks SET state = 'failed', error = $2 WHERE name = $1 AND state <> 'deleting'
