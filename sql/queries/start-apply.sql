-- With the state it was in.
UPDATE stacks s SET state = 'deploying' FROM (SELECT name, state FROM stacks WHERE name = $1 FOR UPDATE) was
WHERE s.name = was.name AND was.state IN ('ready', 'degraded') AND s.candidate IS NOT NULL
RETURNING s.*, was.state AS was
