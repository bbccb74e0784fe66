-- What tables hold on disk: alone (with TOAST), with their indexes, and about how many rows. -1: never analysed.
SELECT n.nspname || '.' || c.relname AS name, pg_table_size(c.oid)::float8 AS "tableBytes",
  pg_total_relation_size(c.oid)::float8 AS "totalBytes", c.reltuples::float8 AS "estimatedRows"
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'greenroom_observe')
ORDER BY 1
