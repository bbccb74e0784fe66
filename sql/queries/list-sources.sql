SELECT * FROM sources WHERE project = $1 ORDER BY name
