-- Until the transaction ends, nobody else changes it.
SELECT sources.*, EXISTS (
  SELECT FROM snapshots WHERE snapshots.project = $1 AND source = $2 AND state = 'capturing'
) AS is_captured
FROM sources WHERE project = $1 AND name = $2 FOR UPDATE OF sources
