-- What is analyzed by itself, largest first: a partitioned table brings its partitions. `whole`: not by some of its columns,
-- which leaves out extended statistics and indexed expressions, nor by another sample than a column of it asks for.
SELECT n.nspname AS schema, c.relname AS name, format('%I.%I', n.nspname, c.relname) AS quoted,
  c.relkind <> 'r'
  OR EXISTS (SELECT FROM pg_statistic_ext s WHERE s.stxrelid = c.oid)
  OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indexprs IS NOT NULL)
  OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attstattarget >= 0) AS whole
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND n.nspname <> 'pg_toast'
ORDER BY CASE WHEN c.relkind = 'p' THEN (SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(c.oid))
  ELSE pg_relation_size(c.oid) END DESC NULLS LAST
