-- $3: the states it may be in now.
UPDATE backups SET state = $2 WHERE id = $1 AND state = ANY ($3) RETURNING *
