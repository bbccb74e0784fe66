SELECT * FROM backups WHERE id = $1
