-- Chosen and claimed at once: one that somebody keeps or restores from meanwhile stays. Of failed states the newest stays.
UPDATE backups SET state = 'deleting'
WHERE NOT kept AND state IN ('taken', 'verified') AND id IN (
  SELECT id FROM (
    SELECT id, purpose = 'failed-state' AS failed,
      row_number() OVER (PARTITION BY purpose = 'failed-state' ORDER BY created_at DESC) AS place
    FROM backups WHERE stack = $1 AND NOT kept AND state IN ('taken', 'verified', 'verifying', 'restoring')) placed
  WHERE place > CASE WHEN failed THEN 1 ELSE $2::int END)
RETURNING id, host, volume
