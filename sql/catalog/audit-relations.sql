-- Every relation of a snapshot that holds rows, extensions' own and partitions included, with all columns, generated ones too.
-- `vectors` are the tsvectors among them, `moments` dates and times, `numeric` those of dates, times, numbers and points, lists and ranges of them too; `root` is the partitioned table at the top. Partitioned tables hold none themselves.
SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind, pg_relation_size(c.oid)::float8 AS heap_bytes,
  CASE WHEN c.relispartition THEN (SELECT format('%s.%s', rn.nspname, r.relname) FROM pg_class r
    JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = pg_partition_root(c.oid)) END AS root,
  array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attname IS NOT NULL) AS columns,
  array_agg(coalesce(nullif(b.typbasetype, 0), a.atttypid) = 'tsvector'::regtype ORDER BY a.attnum)
    FILTER (WHERE a.attname IS NOT NULL) AS vectors,
  array_agg(coalesce(s.typcategory, e.typcategory, b.typcategory) IN ('D', 'T', 'N', 'G') ORDER BY a.attnum)
    FILTER (WHERE a.attname IS NOT NULL) AS numeric,
  array_agg(b.typcategory = 'D' ORDER BY a.attnum) FILTER (WHERE a.attname IS NOT NULL) AS moments,
  coalesce(bool_or(a.attgenerated <> ''), false) AS generated
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type b ON b.oid = a.atttypid
LEFT JOIN pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
LEFT JOIN pg_range r ON r.rngtypid = b.oid
LEFT JOIN pg_type s ON s.oid = r.rngsubtype
WHERE (c.relkind IN ('r', 'p') OR (c.relkind = 'm' AND c.relispopulated)) AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY n.nspname, c.relname, c.relkind, c.oid
ORDER BY pg_relation_size(c.oid) DESC
