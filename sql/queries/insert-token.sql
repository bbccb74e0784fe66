INSERT INTO tokens (name, secret_sha256, scopes, expires_at) VALUES ($1, $2, $3, $4)
RETURNING id, name, scopes, created_at, expires_at, last_used_at
