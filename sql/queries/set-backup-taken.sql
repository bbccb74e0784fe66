UPDATE backups SET state = 'taken', content = $2, taken = $3, dump = $4 WHERE id = $1
