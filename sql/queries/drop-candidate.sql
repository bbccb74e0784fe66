UPDATE stacks SET state = $3, candidate = NULL, error = $4 WHERE name = $1 AND candidate = $2 AND state = 'deploying'
