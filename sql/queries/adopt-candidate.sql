-- The stack and its run at once; only the run that the stack waits for: a repeated end of an older one changes nothing.
WITH adopted AS (
  UPDATE stacks SET state = 'ready', release = $3, sealed_plan = $4, candidate = NULL, error = NULL,
    migrate = CASE WHEN $5 THEN 'auto' ELSE migrate END
  WHERE name = $1 AND candidate = $2 AND state = 'deploying'
  RETURNING name
)
UPDATE migration_runs SET state = 'passed', report = coalesce(report, '{}') || '{"passed": true, "reasons": []}', finished_at = now()
WHERE id = $2 AND EXISTS (SELECT FROM adopted)
