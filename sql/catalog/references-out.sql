-- What in the schemas $1 cannot be without something in the database's other schemas; what belongs to an extension counts as
-- neither. A partition or child elsewhere is part of its parent's rows.
WITH chosen AS (
  SELECT oid FROM pg_namespace WHERE nspname = ANY ($1)
), other AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND oid NOT IN (SELECT oid FROM chosen)
), places (class, id, namespace) AS (
  SELECT 'pg_class'::regclass, oid, relnamespace FROM pg_class
  UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
  UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
  UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_constraint
  UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
  UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
  UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
  UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
  UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion
  UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace FROM pg_statistic_ext
  UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
  UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict
  UNION ALL SELECT 'pg_ts_parser'::regclass, oid, prsnamespace FROM pg_ts_parser
  UNION ALL SELECT 'pg_ts_template'::regclass, oid, tmplnamespace FROM pg_ts_template
  UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, c.relnamespace FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
  UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, c.relnamespace FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class
  UNION ALL SELECT 'pg_trigger'::regclass, t.oid, c.relnamespace FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal
  UNION ALL SELECT 'pg_policy'::regclass, p.oid, c.relnamespace FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
), owned AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), needs (class, id, of_class, of_id, sub) AS (
  SELECT classid, objid, refclassid, refobjid, refobjsubid FROM pg_depend WHERE deptype IN ('n', 'a')
  UNION ALL SELECT 'pg_class'::regclass, inhparent, 'pg_class'::regclass, inhrelid, 0 FROM pg_inherits
)
SELECT DISTINCT pg_describe_object(n.class, n.id, 0) AS what, pg_describe_object(n.of_class, n.of_id, n.sub) AS needs,
  o.nspname AS schema
FROM needs n
JOIN places f ON f.class = n.class AND f.id = n.id JOIN chosen c ON c.oid = f.namespace
JOIN places t ON t.class = n.of_class AND t.id = n.of_id JOIN other o ON o.oid = t.namespace
WHERE NOT EXISTS (SELECT FROM owned e WHERE (e.classid, e.objid) IN ((n.class, n.id), (n.of_class, n.of_id)))
ORDER BY 1, 2
