-- The candidate that waited until now is superseded.
WITH before AS (
  UPDATE migration_runs SET state = 'superseded', finished_at = now()
  WHERE state = 'held' AND id = (SELECT candidate FROM stacks WHERE name = $1)
)
UPDATE stacks SET state = 'deploying', candidate = $2, error = NULL WHERE name = $1 AND state IN ('ready', 'degraded') RETURNING *
