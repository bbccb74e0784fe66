UPDATE drills SET state = $2, report = coalesce($3, report), error = $4, finished_at = now() WHERE id = $1 AND state = 'running'
