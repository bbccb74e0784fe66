-- Only the run that the stack waits for: a repeated end of an older one changes nothing.
UPDATE stacks SET state = 'ready', release = $3, sealed_plan = $4, candidate = NULL, error = NULL,
  migrate = CASE WHEN $5 THEN 'auto' ELSE migrate END
WHERE name = $1 AND candidate = $2 AND state = 'deploying'
