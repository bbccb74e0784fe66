-- The candidate that waited until now is superseded. With the state the stack was in.
WITH was AS (
  SELECT name, state, candidate FROM stacks WHERE name = $1 AND state IN ('ready', 'degraded') FOR UPDATE
), waiting AS (
  UPDATE migration_runs SET state = 'superseded', finished_at = now()
  WHERE state = 'held' AND id = (SELECT candidate FROM was)
)
UPDATE stacks s SET state = 'deploying', candidate = $2 FROM was WHERE s.name = was.name RETURNING s.*, was.state AS was
