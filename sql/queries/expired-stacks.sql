SELECT name FROM stacks WHERE deadline < now() AND state IN ('ready', 'degraded', 'failed')
