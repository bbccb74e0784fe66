-- One that has passed has passed, whatever its operation met afterwards.
UPDATE migration_runs SET state = 'failed', report = coalesce(report, '{}') || $2, error = $3, finished_at = now()
WHERE id = $1 AND state <> 'passed'
