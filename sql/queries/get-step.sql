SELECT state, output FROM operation_steps WHERE operation = $1 AND name = $2
