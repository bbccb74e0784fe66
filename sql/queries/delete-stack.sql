WITH waiting AS (
  UPDATE migration_runs SET state = 'superseded', finished_at = now()
  WHERE state = 'held' AND id = (SELECT candidate FROM stacks WHERE name = $1 AND generation = $2)
)
DELETE FROM stacks WHERE name = $1 AND generation = $2
