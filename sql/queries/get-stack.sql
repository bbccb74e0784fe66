SELECT * FROM stacks WHERE name = $1
