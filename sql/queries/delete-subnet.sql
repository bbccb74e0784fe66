DELETE FROM subnets WHERE host = $1 AND network = $2
