-- Every constraint and index, and whether Postgres vouches for it: `valid` is false for NOT VALID, and for an index that
-- was not built to its end. A primary key, unique or exclusion constraint and its index are one, and hold together. What a
-- partition has of its parent's is named anew in a copy, and extensions bring their own.
WITH own AS (
  SELECT c.oid, format('%s.%s', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT o.name AS table, k.conname AS name, k.contype AS type, k.convalidated AND coalesce(x.indisvalid AND x.indisready, true) AS valid
FROM pg_constraint k JOIN own o ON o.oid = k.conrelid
LEFT JOIN pg_index x ON x.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND k.conparentid = 0
UNION ALL
SELECT o.name, i.relname, 'i', x.indisvalid AND x.indisready
FROM pg_index x JOIN own o ON o.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE NOT i.relispartition AND NOT EXISTS (
  SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x') AND k.conparentid = 0)
