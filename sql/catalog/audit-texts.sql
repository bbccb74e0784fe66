-- All text that a schema says and Postgres keeps of rows: where it stands, and what it says.
WITH own AS (
  SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), relations AS (
  SELECT c.oid, c.relkind, c.relispartition, format('%s.%s', n.nspname, c.relname) AS name, c.relpartbound
  FROM pg_class c JOIN own o ON o.oid = c.relnamespace JOIN pg_namespace n ON n.oid = o.oid
)
SELECT r.name || '.' || a.attname || ' (default)' AS place, pg_get_expr(d.adbin, d.adrelid) AS text
FROM pg_attrdef d JOIN relations r ON r.oid = d.adrelid JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
UNION ALL
SELECT r.name || ' (constraint ' || k.conname || ')', pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN relations r ON r.oid = k.conrelid
UNION ALL
SELECT format('%s.%s (constraint %s)', n.nspname, t.typname, k.conname), pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace JOIN own o ON o.oid = n.oid
UNION ALL
SELECT format('%s.%s (default)', n.nspname, t.typname), t.typdefault
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN own o ON o.oid = n.oid WHERE t.typdefault IS NOT NULL
UNION ALL
SELECT name || ' (partition bound)', pg_get_expr(relpartbound, oid) FROM relations WHERE relispartition
UNION ALL
SELECT name || ' (definition)', pg_get_viewdef(oid) FROM relations WHERE relkind IN ('v', 'm')
UNION ALL
SELECT name || ' (index)', pg_get_indexdef(oid) FROM relations WHERE relkind = 'i'
UNION ALL
SELECT r.name || ' (rule ' || w.rulename || ')', pg_get_ruledef(w.oid) FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class
WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT r.name || ' (trigger ' || t.tgname || ')', pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal
UNION ALL
SELECT r.name || ' (policy ' || p.polname || ')', concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
UNION ALL
SELECT format('%s.%s (function)', n.nspname, f.proname), concat_ws(' ', f.prosrc, pg_get_expr(f.proargdefaults, 0), f.proconfig::text)
FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace JOIN own o ON o.oid = n.oid
UNION ALL
SELECT format('%s.%s (enum)', n.nspname, t.typname), e.enumlabel
FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace JOIN own o ON o.oid = n.oid
UNION ALL
SELECT format('comment on %s', coalesce(pg_describe_object(d.classoid, d.objoid, d.objsubid), 'something')), d.description
FROM pg_description d WHERE d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass
UNION ALL
SELECT format('security label of %s', coalesce(pg_describe_object(l.classoid, l.objoid, l.objsubid), 'something')), l.label FROM pg_seclabel l
UNION ALL
SELECT 'comment on ' || d.classoid::regclass, d.description FROM pg_shdescription d WHERE d.objoid >= 16384
UNION ALL
SELECT 'settings of roles and databases', array_to_string(setconfig, ' ') FROM pg_db_role_setting
UNION ALL
SELECT format('%s.%s.%s (statistics)', schemaname, tablename, attname),
  concat_ws(' ', most_common_vals, histogram_bounds, most_common_elems) FROM pg_stats
WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema'
UNION ALL
SELECT format('%s.%s (%s, extended statistics)', schemaname, tablename, statistics_name), most_common_vals::text FROM pg_stats_ext
WHERE most_common_vals IS NOT NULL
