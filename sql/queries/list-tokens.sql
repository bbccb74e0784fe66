SELECT id, name, scopes, created_at, expires_at, last_used_at FROM tokens WHERE revoked_at IS NULL ORDER BY created_at
