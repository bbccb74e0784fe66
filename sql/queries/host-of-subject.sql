SELECT host FROM stacks WHERE name = $1
UNION ALL SELECT host FROM snapshots WHERE id = $1
UNION ALL SELECT host FROM migration_runs WHERE id = $1
UNION ALL SELECT host FROM backups WHERE id = $1
