-- Never the last one that may do everything and does not expire: nobody could make another.
UPDATE tokens t SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL
AND (NOT ('admin' = ANY (scopes) AND expires_at IS NULL) OR EXISTS (
  SELECT FROM tokens o WHERE o.id <> t.id AND o.revoked_at IS NULL AND o.expires_at IS NULL AND 'admin' = ANY (o.scopes)))
RETURNING id, name
