WITH freed AS (UPDATE stacks SET snapshot = NULL WHERE snapshot = $1 AND state = 'failed')
DELETE FROM snapshots WHERE id = $1
