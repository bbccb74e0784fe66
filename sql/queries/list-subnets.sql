SELECT cidr, network FROM subnets WHERE host = $1
