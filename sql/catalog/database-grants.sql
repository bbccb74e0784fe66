-- Who may what on the database, where that was ever changed. The empty name is everybody.
SELECT coalesce(r.rolname, '') AS role, a.privilege_type AS privilege, bool_or(a.is_grantable) AS grantable
FROM pg_database d CROSS JOIN aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE d.datname = current_database() AND (a.grantee = 0 OR r.rolname = ANY ($1))
GROUP BY 1, 2
ORDER BY 1, 2
