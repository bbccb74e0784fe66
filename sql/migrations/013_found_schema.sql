-- The schema of a dump whose capture failed: there is no server that could be asked when its policy is set again.
ALTER TABLE sources ADD COLUMN found_schema jsonb;
