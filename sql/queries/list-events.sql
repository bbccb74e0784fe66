SELECT id::int, at, actor, action, subject, operation, detail
FROM events
WHERE $1::text IS NULL OR subject = $1
ORDER BY id DESC
LIMIT $2
