INSERT INTO operation_log (operation, line) VALUES ($1, $2)
