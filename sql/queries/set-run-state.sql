UPDATE migration_runs SET state = $2 WHERE id = $1
