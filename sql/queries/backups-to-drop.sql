-- Those of a stack that nobody asked to keep, but for the newest $2.
SELECT id, host, volume FROM backups WHERE stack = $1 AND NOT kept AND state NOT IN ('taking', 'verifying', 'restoring', 'deleting')
ORDER BY created_at DESC OFFSET $2
