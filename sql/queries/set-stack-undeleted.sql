-- What is left of it cannot be relied on, so it counts as failed: it can be deleted again or reset.
UPDATE stacks SET state = 'failed', error = $2 WHERE name = $1 AND state = 'deleting'
