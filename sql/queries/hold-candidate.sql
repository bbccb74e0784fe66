-- Only the run that the stack waits for now, and only once: an apply that has begun since is not taken back.
WITH held AS (
  UPDATE stacks SET state = $3 WHERE name = $1 AND candidate = $2 AND state = 'deploying' RETURNING name
)
UPDATE migration_runs SET state = 'held' WHERE id = $2 AND state = 'running' AND EXISTS (SELECT FROM held)
