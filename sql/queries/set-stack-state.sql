-- $3: the states it may be in now.
UPDATE stacks SET state = $2, error = NULL WHERE name = $1 AND state = ANY ($3) RETURNING *
