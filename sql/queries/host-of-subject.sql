SELECT host FROM stacks WHERE name = $1
UNION ALL SELECT host FROM snapshots WHERE id = $1
UNION ALL SELECT host FROM migration_runs WHERE id = $1
UNION ALL SELECT host FROM backups WHERE id = $1
UNION ALL SELECT b.host FROM drills d JOIN backups b ON b.id = d.backup WHERE d.id = $1
