-- A token's use is noted at most once a minute: a write for every request would cost more than it tells.
WITH found AS (
  SELECT id, name, scopes, last_used_at FROM tokens
  WHERE secret_sha256 = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
), noted AS (
  UPDATE tokens SET last_used_at = now() FROM found
  WHERE tokens.id = found.id AND (found.last_used_at IS NULL OR found.last_used_at < now() - interval '1 minute')
)
SELECT id, name, scopes FROM found
