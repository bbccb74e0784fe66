-- The database's own schemas, how many tables each has, and whether an extension is in it.
SELECT n.nspname AS name,
  (SELECT count(*)::int FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT c.relispartition) AS tables,
  EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = n.oid) AS extension
FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY n.nspname
