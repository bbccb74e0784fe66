-- Columns that say into which partition a row goes, of the partitioned table at the top; an expression's, too.
SELECT DISTINCT format('%s.%s.%s', n.nspname, r.relname, a.attname) AS column
FROM pg_partitioned_table p
JOIN pg_class c ON c.oid = p.partrelid
JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum > 0 AND (k.attnum = ANY (p.partattrs::int2[])
  OR (0 = ANY (p.partattrs::int2[]) AND EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = k.attnum)))
JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
JOIN pg_namespace n ON n.oid = r.relnamespace
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = k.attname
