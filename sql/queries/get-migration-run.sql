SELECT * FROM migration_runs WHERE id = $1
