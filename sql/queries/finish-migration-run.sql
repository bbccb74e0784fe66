UPDATE migration_runs SET state = $2, report = $3, error = $4, finished_at = now() WHERE id = $1
