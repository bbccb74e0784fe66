SELECT * FROM drills WHERE id = $1
