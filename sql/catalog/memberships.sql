-- Postgres' own roles are in every cluster. One membership may have been granted by several. Options since Postgres 16.
SELECT g.rolname AS role, m.rolname AS member, bool_or(a.admin_option) AS admin,
  bool_or((to_jsonb(a) ->> 'inherit_option')::boolean) AS inherit, bool_or((to_jsonb(a) ->> 'set_option')::boolean) AS set
FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
WHERE (g.rolname = ANY ($1) OR g.rolname ~ '^pg_') AND m.rolname = ANY ($1)
GROUP BY 1, 2
ORDER BY 1, 2
