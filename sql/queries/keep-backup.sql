UPDATE backups SET kept = $2 WHERE id = $1 RETURNING *
