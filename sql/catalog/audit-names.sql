-- The name of everything that has one and that initdb did not make. Where it stands is told by the kind of thing, without the name.
WITH own AS (
  SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), relations AS (
  SELECT c.oid, c.relname, c.relkind, o.nspname, format('%s.%s', o.nspname, c.relname) AS name
  FROM pg_class c JOIN own o ON o.oid = c.relnamespace
), names (within, kind, text) AS (
  SELECT nspname, CASE relkind WHEN 'i' THEN 'an index' WHEN 'I' THEN 'an index' WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a view'
    WHEN 'S' THEN 'a sequence' WHEN 'c' THEN 'a type' ELSE 'a table' END, relname
  FROM relations
  UNION ALL
  -- An index calls its columns as its table does.
  SELECT r.name, 'a column', a.attname FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind NOT IN ('i', 'I')
  UNION ALL
  SELECT o.nspname, 'a constraint', k.conname FROM pg_constraint k JOIN own o ON o.oid = k.connamespace
  UNION ALL
  SELECT r.name, 'a trigger', unnest(ARRAY[t.tgname, t.tgoldtable, t.tgnewtable]) FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid
  WHERE NOT t.tgisinternal
  UNION ALL
  SELECT r.name, 'a policy', p.polname FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
  UNION ALL
  SELECT r.name, 'a rule', w.rulename FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
  UNION ALL
  -- A row's type is called as its table, an array's as its element's.
  SELECT o.nspname, 'a type', t.typname FROM pg_type t JOIN own o ON o.oid = t.typnamespace
  WHERE t.typrelid = 0 AND t.typcategory <> 'A'
  UNION ALL
  SELECT o.nspname, 'a function', f.proname FROM pg_proc f JOIN own o ON o.oid = f.pronamespace
  UNION ALL
  SELECT o.nspname, 'statistics', s.stxname FROM pg_statistic_ext s JOIN own o ON o.oid = s.stxnamespace
  UNION ALL
  SELECT o.nspname, 'a collation', c.collname FROM pg_collation c JOIN own o ON o.oid = c.collnamespace
  UNION ALL
  SELECT o.nspname, 'a conversion', c.conname FROM pg_conversion c JOIN own o ON o.oid = c.connamespace
  UNION ALL
  SELECT o.nspname, 'an operator class', c.opcname FROM pg_opclass c JOIN own o ON o.oid = c.opcnamespace
  UNION ALL
  SELECT o.nspname, 'an operator family', f.opfname FROM pg_opfamily f JOIN own o ON o.oid = f.opfnamespace
  UNION ALL
  SELECT o.nspname, 'a text search configuration', c.cfgname FROM pg_ts_config c JOIN own o ON o.oid = c.cfgnamespace
  UNION ALL
  SELECT o.nspname, 'a text search dictionary', d.dictname FROM pg_ts_dict d JOIN own o ON o.oid = d.dictnamespace
  UNION ALL
  SELECT o.nspname, 'a text search parser', p.prsname FROM pg_ts_parser p JOIN own o ON o.oid = p.prsnamespace
  UNION ALL
  SELECT o.nspname, 'a text search template', t.tmplname FROM pg_ts_template t JOIN own o ON o.oid = t.tmplnamespace
  UNION ALL
  SELECT 'the database', 'a schema', nspname FROM own
  UNION ALL
  SELECT 'the database', 'a language', lanname FROM pg_language WHERE oid >= 16384
  UNION ALL
  SELECT 'the database', 'an access method', amname FROM pg_am WHERE oid >= 16384
  UNION ALL
  SELECT 'the database', 'an extension', extname FROM pg_extension
  UNION ALL
  SELECT 'the server', 'a role', rolname FROM pg_roles WHERE rolname !~ '^pg_'
  UNION ALL
  SELECT 'the server', 'a database', datname FROM pg_database
  UNION ALL
  SELECT 'the server', 'a tablespace', spcname FROM pg_tablespace
)
SELECT format('%s (name of %s)', within, kind) AS place, text FROM names WHERE text IS NOT NULL
