UPDATE snapshots SET state = 'failed', error = $2 WHERE id = $1
