UPDATE sources SET policy = $3 WHERE project = $1 AND name = $2 RETURNING policy
