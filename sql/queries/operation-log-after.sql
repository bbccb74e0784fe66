SELECT id::int, at, line FROM operation_log WHERE operation = $1 AND id > $2 ORDER BY id LIMIT 5000
