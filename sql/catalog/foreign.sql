-- Foreign tables, and the views that read them, directly or through another.
WITH RECURSIVE reading AS (
  SELECT oid FROM pg_class WHERE relkind = 'f'
  UNION
  SELECT w.ev_class FROM reading r
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite w ON w.oid = d.objid
)
SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind
FROM reading r JOIN pg_class c ON c.oid = r.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('f', 'v', 'm') AND NOT EXISTS (
  SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY 1, 2
