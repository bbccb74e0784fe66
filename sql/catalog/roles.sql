-- Roles that own something here, or stand in a grant or a policy; whoever is a member of one, for an application's login may
-- own nothing and be named nowhere; and what all of those are members of. The bootstrap superuser is never in pg_shdepend.
WITH RECURSIVE entitled AS (
  SELECT r.oid FROM pg_roles r
  WHERE r.rolname !~ '^pg_' AND (r.oid = 10 OR EXISTS (
    SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
      AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))))
  UNION
  SELECT a.member FROM entitled e JOIN pg_auth_members a ON a.roleid = e.oid
), wanted AS (
  SELECT oid FROM entitled
  UNION
  SELECT a.roleid FROM wanted w JOIN pg_auth_members a ON a.member = w.oid
)
SELECT r.rolname AS name, r.rolinherit AS inherit, r.rolbypassrls AS "bypassRls",
  CASE WHEN r.oid = 10 THEN '{}' ELSE array_remove(ARRAY[CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
    CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
    CASE WHEN r.rolreplication THEN 'REPLICATION' END], NULL) END AS lost
FROM wanted JOIN pg_roles r USING (oid)
WHERE r.rolname !~ '^pg_'
ORDER BY 1
