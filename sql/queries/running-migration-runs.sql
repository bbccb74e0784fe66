SELECT id FROM migration_runs WHERE state = 'running'
