UPDATE stacks SET state = 'ready' WHERE name = $1 AND candidate = $2 AND state = 'deploying'
