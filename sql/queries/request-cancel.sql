UPDATE operations SET cancel_requested = true WHERE id = $1 AND state IN ('queued', 'running') RETURNING *
