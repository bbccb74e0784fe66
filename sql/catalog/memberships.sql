SELECT g.rolname AS role, m.rolname AS member FROM pg_auth_members a
JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
WHERE g.rolname = ANY ($1) AND m.rolname = ANY ($1)
