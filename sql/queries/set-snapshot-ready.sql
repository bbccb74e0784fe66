UPDATE snapshots SET state = 'ready', report = $2, taken_at = $3, error = NULL WHERE id = $1
