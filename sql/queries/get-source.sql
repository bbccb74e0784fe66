SELECT * FROM sources WHERE project = $1 AND name = $2
