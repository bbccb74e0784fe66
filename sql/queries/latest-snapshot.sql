SELECT * FROM snapshots WHERE project = $1 AND host = $2 AND state = 'ready' ORDER BY taken_at DESC LIMIT 1
