-- Every type, with what values of it are made of: labels of enums, fields of composite types that columns use, subtypes of ranges.
WITH used AS MATERIALIZED (SELECT DISTINCT atttypid AS oid FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped)
SELECT t.oid::int8 AS oid, t.typname AS name, t.typtype AS kind, t.typcategory AS category, t.typbasetype::int8 AS base,
  t.typtypmod AS typmod, t.typelem::int8 AS element,
  CASE WHEN t.typtype = 'e' THEN (
    SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) END AS labels,
  CASE WHEN t.typtype = 'c' AND (t.oid IN (SELECT oid FROM used) OR t.typarray IN (SELECT oid FROM used)
      OR t.oid IN (SELECT typbasetype FROM pg_type)) THEN (
    SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'typeOid', a.atttypid::int8, 'typmod', a.atttypmod) ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END AS fields,
  -- Servers before 14 know no multiranges.
  (SELECT r.rngsubtype::int8 FROM pg_range r
    WHERE t.oid = r.rngtypid OR t.oid::text = to_jsonb(r) ->> 'rngmultitypid') AS subtype
FROM pg_type t
