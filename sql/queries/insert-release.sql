INSERT INTO releases (project, version, commit, images, variables, sealed_services, created_by, resolved)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING *
