INSERT INTO subnets (host, cidr, owner, network) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING cidr
