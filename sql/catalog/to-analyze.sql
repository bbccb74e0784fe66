-- What is analyzed by itself, largest first: a partitioned table brings its partitions.
SELECT format('%I.%I', n.nspname, c.relname) AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND n.nspname <> 'pg_toast'
ORDER BY CASE WHEN c.relkind = 'p' THEN (SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(c.oid))
  ELSE pg_relation_size(c.oid) END DESC NULLS LAST
