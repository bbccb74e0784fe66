UPDATE operations SET error = $2 WHERE id = $1 AND error IS NULL
