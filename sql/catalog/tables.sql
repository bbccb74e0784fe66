-- Every relation that holds or shows rows, with its columns, unique indexes and exclusion constraints; extensions' own are left out.
-- $1: the schemas they are in; null: in any. To ask a relation's size waits for whoever has locked it, or is about to: the
-- size of such a one is what it was when it was last analyzed.
WITH locked AS MATERIALIZED (
  SELECT l.relation FROM pg_locks l
  WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
  c.reltuples::float8 AS estimated_rows,
  CASE WHEN c.oid IN (SELECT relation FROM locked) THEN last_known.bytes ELSE pg_table_size(c.oid) END::float8 AS size_bytes,
  CASE WHEN c.oid IN (SELECT relation FROM locked) THEN last_known.bytes ELSE pg_relation_size(c.oid) END::float8 AS heap_bytes,
  c.relfilenode::int8 AS filenode, c.relpersistence = 'u' AS unlogged,
  CASE WHEN c.relispartition THEN (
    SELECT format('%s.%s', rn.nspname, r.relname)
    FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = pg_partition_root(c.oid)) END AS partition_of,
  CASE WHEN c.relispartition THEN (
    SELECT json_build_object('root', format('%I.%I', rn.nspname, r.relname), 'byHash', bool_or(p.partstrat = 'h'),
      -- null is an expression.
      'key', json_agg(ka.attname))
    FROM pg_partition_ancestors(c.oid) up JOIN pg_partitioned_table p ON p.partrelid = up.relid
    CROSS JOIN unnest(p.partattrs::int2[]) k (attnum)
    LEFT JOIN pg_attribute ka ON ka.attrelid = p.partrelid AND ka.attnum = k.attnum AND k.attnum <> 0
    JOIN pg_class r ON r.oid = pg_partition_root(c.oid) JOIN pg_namespace rn ON rn.oid = r.relnamespace
    GROUP BY rn.nspname, r.relname) END AS partition,
  has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS readable,
  row_security_active(c.oid) AS row_security,
  coalesce((
    SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'typeOid', a.atttypid::int8,
      'typmod', a.atttypmod, 'notNull', a.attnotnull, 'generated', a.attgenerated <> '', 'nondeterministic', EXISTS (
        SELECT FROM pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic)) ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
  coalesce((
    SELECT json_agg(json_build_object('name', ic.relname, 'columns', (
      -- The key's columns; of an expression, those that it reads.
      SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
        OR (0 = ANY (i.indkey::int2[]) AND EXISTS (
          SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum))))))
    FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion)), '[]') AS unique_keys
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (SELECT greatest(c.relpages, 0)::int8 * current_setting('block_size')::int8 AS bytes) last_known
WHERE c.relkind IN ('r', 'p', 'f', 'm') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
