DELETE FROM subnets WHERE host = $1 AND owner = $2
