UPDATE operations SET state = $2, result = $3, error = coalesce($4, error), finished_at = now(), progress = NULL WHERE id = $1
