SELECT id, state FROM backups
