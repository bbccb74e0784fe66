-- Only while nobody deletes it meanwhile.
UPDATE backups SET state = $2, error = $3, verified_at = CASE WHEN $2 = 'verified' THEN now() ELSE verified_at END
WHERE id = $1 AND state = 'verifying'
