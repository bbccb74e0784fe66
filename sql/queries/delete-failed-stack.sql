-- The name of a stack that failed is free again: nothing of it is left but the record.
DELETE FROM stacks WHERE name = $1 AND state = 'failed'
