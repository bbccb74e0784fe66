INSERT INTO events (actor, action, subject, operation, detail) VALUES ($1, $2, $3, $4, $5)
