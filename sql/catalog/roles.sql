-- Roles that own something here, or stand in a grant or a policy; the bootstrap superuser is never in pg_shdepend.
SELECT r.rolname AS name FROM pg_roles r
WHERE r.rolname !~ '^pg_' AND (r.oid = 10 OR EXISTS (
  SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
    AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))))
ORDER BY 1
