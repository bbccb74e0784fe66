SELECT * FROM drills WHERE ($1::text IS NULL OR project = $1) AND ($2::text IS NULL OR stack = $2) ORDER BY created_at DESC LIMIT 500
