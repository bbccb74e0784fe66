DELETE FROM releases WHERE project = $1 AND version = $2 RETURNING version
