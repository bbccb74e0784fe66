UPDATE operation_steps SET state = $3, output = $4, finished_at = now() WHERE operation = $1 AND name = $2
