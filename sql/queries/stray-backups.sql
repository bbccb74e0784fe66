-- In the middle of something that no operation does any more.
SELECT * FROM backups b WHERE host = $1 AND state IN ('taking', 'verifying', 'restoring', 'deleting')
AND NOT EXISTS (SELECT FROM operations o WHERE o.state IN ('queued', 'running')
  AND (o.subject IN (b.id, b.stack) OR o.input ->> 'backup' = b.id OR 'bak-' || substr(o.input ->> 'run', 5) = b.id))
