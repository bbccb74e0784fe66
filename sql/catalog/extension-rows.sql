-- What of extensions a snapshot does not have as it was: tables with rows, and sequences whose place an extension wants dumped.
SELECT n.nspname AS schema, c.relname AS name, e.extname AS extension
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND ((c.relkind IN ('r', 'm') AND pg_relation_size(c.oid) > 0) OR (c.relkind = 'S' AND c.oid = ANY (e.extconfig)))
ORDER BY 1, 2
