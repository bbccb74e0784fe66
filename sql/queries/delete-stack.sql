DELETE FROM stacks WHERE name = $1
