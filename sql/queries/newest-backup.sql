SELECT * FROM backups WHERE stack = $1 AND state IN ('taken', 'verified') AND purpose <> 'failed-state' AND content IS NOT NULL
AND (purpose <> 'import' OR verified_at IS NOT NULL)
ORDER BY created_at DESC LIMIT 1
