UPDATE operations SET progress = $2 WHERE id = $1
