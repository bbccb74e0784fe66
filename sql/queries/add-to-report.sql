UPDATE migration_runs SET report = coalesce(report, '{}') || $2 WHERE id = $1
