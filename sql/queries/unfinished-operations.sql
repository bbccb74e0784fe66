SELECT id FROM operations WHERE state IN ('queued', 'running') ORDER BY created_at
