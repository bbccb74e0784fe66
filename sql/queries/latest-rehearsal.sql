-- The newest rehearsal of a version that has ended.
SELECT * FROM migration_runs WHERE project = $1 AND release ->> 'version' = $2 AND kind = 'rehearsal' AND state <> 'running'
ORDER BY created_at DESC LIMIT 1
