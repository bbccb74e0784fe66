-- In the middle of something that no operation does any more; an import has no operation, but does not last for hours.
SELECT * FROM backups b WHERE host = $1 AND (
  state = 'importing' AND created_at < now() - interval '6 hours'
  OR state IN ('taking', 'verifying', 'restoring', 'deleting')
  AND NOT EXISTS (SELECT FROM operations o WHERE o.state IN ('queued', 'running')
    AND (o.subject IN (b.id, b.stack) OR o.input ->> 'backup' = b.id OR 'bak-' || substr(o.input ->> 'run', 5) = b.id)))
