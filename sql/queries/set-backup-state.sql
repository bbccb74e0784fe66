UPDATE backups SET state = $2, error = $3 WHERE id = $1
