WITH waiting AS (
  UPDATE migration_runs SET state = 'superseded', finished_at = now()
  WHERE state = 'held' AND id = (SELECT candidate FROM stacks WHERE name = $1 AND state = 'restoring')
)
UPDATE stacks SET state = 'ready', release = $2, sealed_plan = $3, error = NULL, candidate = NULL, clone_mode = $4
WHERE name = $1 AND state = 'restoring'
