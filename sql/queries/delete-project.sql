DELETE FROM projects WHERE name = $1
AND NOT EXISTS (SELECT FROM stacks WHERE project = $1)
AND NOT EXISTS (SELECT FROM snapshots WHERE project = $1)
AND NOT EXISTS (SELECT FROM backups WHERE project = $1)
RETURNING name
