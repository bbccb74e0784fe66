-- What ALTER DATABASE and ALTER ROLE set; without a role: for everybody.
SELECT r.rolname AS role, s.setdatabase <> 0 AS "inDatabase", split_part(c.setting, '=', 1) AS name,
  substr(c.setting, strpos(c.setting, '=') + 1) AS value
FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c (setting) LEFT JOIN pg_roles r ON r.oid = s.setrole
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND (s.setrole = 0 OR r.rolname = ANY ($1))
ORDER BY 1 NULLS FIRST, 2, 3
