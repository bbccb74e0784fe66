SELECT * FROM projects WHERE name = $1
