SELECT cidr, owner, network FROM subnets WHERE host = $1
