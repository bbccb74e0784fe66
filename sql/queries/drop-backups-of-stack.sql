UPDATE backups SET state = 'deleting' WHERE stack = $1 AND NOT kept AND state <> 'restoring' RETURNING id, host, volume
