UPDATE backups SET kept = $2 WHERE id = $1 AND state <> 'deleting' RETURNING *
