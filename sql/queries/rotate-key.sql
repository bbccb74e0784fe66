UPDATE sources s SET sealed_key = $3, key_id = $4
FROM (SELECT project, name, key_id FROM sources WHERE project = $1 AND name = $2 FOR UPDATE) before
WHERE s.project = before.project AND s.name = before.name
RETURNING s.*, before.key_id AS key_id_before
