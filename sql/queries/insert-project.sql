INSERT INTO projects
  (name, bundle, sealed_variables, profiles, allow, readiness, deployment, rehearsal, masking_locale)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING
RETURNING *
