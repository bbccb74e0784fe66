SELECT * FROM snapshots WHERE id = $1
