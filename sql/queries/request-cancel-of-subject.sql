UPDATE operations SET cancel_requested = true
WHERE subject = $1 AND kind = ANY ($2) AND state IN ('queued', 'running')
RETURNING id
