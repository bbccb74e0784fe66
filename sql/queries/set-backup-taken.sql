UPDATE backups SET state = 'taken', content = $2, taken = $3 WHERE id = $1
