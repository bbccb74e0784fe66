SELECT o.*, coalesce((
  SELECT jsonb_agg(jsonb_build_object(
    'name', s.name, 'state', s.state, 'startedAt', to_char(s.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'durationMs', round(extract(epoch FROM s.finished_at - s.started_at) * 1000)) ORDER BY s.position)
  FROM operation_steps s WHERE s.operation = o.id), '[]') AS steps
FROM operations o
WHERE ($1::text IS NULL OR o.state = $1) AND ($2::text IS NULL OR o.subject = $2)
ORDER BY o.created_at DESC
LIMIT $3
