-- What a step has added to the report stays.
UPDATE migration_runs SET state = $2, report = CASE WHEN $3::jsonb IS NULL THEN report ELSE coalesce(report, '{}') || $3 END,
  error = $4, finished_at = now()
WHERE id = $1
