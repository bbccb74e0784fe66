-- Its id is fixed, so that of two processes that start at once one makes it, and a revoked one is not made again.
INSERT INTO tokens (id, name, secret_sha256, scopes) VALUES ('00000000-0000-4000-8000-000000000001', $1, $2, '{admin}')
ON CONFLICT (id) DO NOTHING
RETURNING id
