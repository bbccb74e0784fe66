UPDATE operations SET state = 'running', started_at = coalesce(started_at, now()), attempt = attempt + 1
WHERE id = $1 AND state IN ('queued', 'running')
RETURNING *
