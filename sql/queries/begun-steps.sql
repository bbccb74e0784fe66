SELECT name FROM operation_steps WHERE operation = $1
