INSERT INTO operations (kind, subject, input, requested_by, request_id) VALUES ($1, $2, $3, $4, $5) RETURNING *
