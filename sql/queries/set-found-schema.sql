UPDATE sources SET found_schema = $3 WHERE project = $1 AND name = $2
