INSERT INTO releases (project, version, commit, images, variables, sealed_services, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
RETURNING *
