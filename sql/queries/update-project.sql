UPDATE projects SET bundle = $2, sealed_variables = $3, profiles = $4, allow = $5, readiness = $6, deployment = $7, rehearsal = $8,
  masking_locale = $9, updated_at = now()
WHERE name = $1
RETURNING *
