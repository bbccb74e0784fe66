-- A snapshot that a stack is on, or may be reset to, stays.
UPDATE snapshots SET state = 'deleting'
WHERE id = $1 AND state IN ('ready', 'failed', 'deleting')
AND NOT EXISTS (SELECT FROM stacks WHERE snapshot = $1 AND state <> 'failed')
RETURNING id
