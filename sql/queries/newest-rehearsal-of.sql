-- The newest rehearsal that has ended of one migrator (image id and definition), on data to which the same migrations
-- had been applied: what was pending is then the same.
SELECT id, state, finished_at, report -> 'reasons' AS reasons FROM migration_runs
WHERE project = $1 AND kind = 'rehearsal' AND state IN ('passed', 'failed')
  AND report -> 'images' ->> $2 = $3 AND report -> 'definitions' ->> $2 = $4
  AND report -> 'up' -> 'appliedBefore' @> $5::jsonb AND report -> 'up' -> 'appliedBefore' <@ $5::jsonb
ORDER BY created_at DESC LIMIT 1
