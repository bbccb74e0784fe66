-- Chosen and claimed at once: one that somebody keeps or restores from meanwhile stays.
UPDATE backups SET state = 'deleting'
WHERE NOT kept AND state IN ('taken', 'verified') AND id IN (
  SELECT id FROM backups WHERE stack = $1 AND NOT kept AND state IN ('taken', 'verified', 'verifying', 'restoring')
  ORDER BY created_at DESC OFFSET $2)
RETURNING id, host, volume
