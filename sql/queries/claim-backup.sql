-- For a use that nobody else may have of it meanwhile; never the one that an apply under way would go back to.
UPDATE backups SET state = $2 WHERE id = $1 AND state = ANY ($3)
AND NOT EXISTS (SELECT FROM stacks WHERE state = 'deploying' AND 'bak-' || substr(candidate, 5) = backups.id)
RETURNING *
