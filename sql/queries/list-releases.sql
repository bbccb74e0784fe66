SELECT * FROM releases WHERE project = $1 ORDER BY created_at DESC LIMIT 1000
