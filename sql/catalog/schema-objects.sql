-- Every object of a database's own schemas: its kind and name, its definition in SQL (what two schemas are compared by),
-- the parts of it that can be changed one by one, and what it needs to be there. Names are quoted where SQL wants it.
-- What an extension or a type brought is theirs; who owns what, and who may do what with it, is not compared.
WITH own AS (
  SELECT oid, nspname, quote_ident(nspname) AS name FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'greenroom_observe')
    -- A JSON array of those that are asked for; empty: all. A view's definition waits for whoever has locked its tables.
    AND coalesce(nullif(current_setting('greenroom.schemas', true), '')::jsonb ? nspname::text, true)
), members AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e' OR (deptype = 'i' AND classid = 'pg_proc'::regclass)
), relations AS (
  SELECT c.*, o.name || '.' || quote_ident(c.relname) AS name,
    coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') AS options
  FROM pg_class c JOIN own o ON o.oid = c.relnamespace
  WHERE c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM members WHERE classid = 'pg_class'::regclass AND objid = c.oid)
), tables AS (
  SELECT * FROM relations WHERE relkind IN ('r', 'p', 'f')
), types AS (
  SELECT t.*, o.name || '.' || quote_ident(t.typname) AS name FROM pg_type t JOIN own o ON o.oid = t.typnamespace
  WHERE NOT EXISTS (SELECT FROM members WHERE classid = 'pg_type'::regclass AND objid = t.oid)
), sequences AS (
  SELECT r.oid, r.name, r.relname, d.deptype = 'i' AS identity, d.refobjid, d.refobjsubid,
    concat_ws(' ', 'AS ' || format_type(s.seqtypid, NULL), 'INCREMENT BY ' || s.seqincrement, 'MINVALUE ' || s.seqmin,
      'MAXVALUE ' || s.seqmax, 'START WITH ' || s.seqstart, 'CACHE ' || s.seqcache,
      CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) AS options,
    -- Of an identity only what is not as it would be by itself.
    concat_ws(' ', CASE WHEN s.seqincrement <> 1 THEN 'INCREMENT BY ' || s.seqincrement END,
      CASE WHEN s.seqmin <> 1 THEN 'MINVALUE ' || s.seqmin END,
      CASE WHEN s.seqmax NOT IN (32767, 2147483647, 9223372036854775807) THEN 'MAXVALUE ' || s.seqmax END,
      CASE WHEN s.seqstart <> 1 THEN 'START WITH ' || s.seqstart END, CASE WHEN s.seqcache <> 1 THEN 'CACHE ' || s.seqcache END,
      CASE WHEN s.seqcycle THEN 'CYCLE' END) AS particular
  FROM relations r JOIN pg_sequence s ON s.seqrelid = r.oid
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')
    AND d.refclassid = 'pg_class'::regclass
), columns AS (
  SELECT a.attrelid, a.attnum, r.name AS of, quote_ident(a.attname) AS name, format_type(a.atttypid, a.atttypmod) AS type,
    CASE WHEN a.attcollation <> t.typcollation THEN (SELECT n.name || quote_ident(c.collname) FROM pg_collation c
      JOIN (SELECT oid, CASE WHEN nspname = 'pg_catalog' THEN '' ELSE quote_ident(nspname) || '.' END AS name FROM pg_namespace) n
        ON n.oid = c.collnamespace WHERE c.oid = a.attcollation) END AS collated,
    t.typcategory, a.attgenerated, a.attidentity, a.attinhcount > 0 AS inherited, a.attnotnull, r.relkind,
    pg_get_expr(d.adbin, d.adrelid) AS expression, d.oid AS default_oid,
    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS identity,
    nullif(concat_ws(' ', CASE WHEN s.relname <> r.relname || '_' || a.attname || '_seq' THEN 'SEQUENCE NAME ' || s.name END,
      nullif(s.particular, '')), '') AS sequence,
    -- Postgres 18 makes a constraint of each; of one whose rows nobody has read the name counts.
    (SELECT quote_ident(k.conname) FROM pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'n' AND NOT k.convalidated
      AND k.conkey = ARRAY[a.attnum]) AS unread
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  JOIN (SELECT oid, relname, name, relkind FROM tables UNION ALL
    SELECT typrelid, typname, name, 'c' FROM types WHERE typtype = 'c' AND typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c')) r
    ON r.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN sequences s ON s.identity AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped
), objects (class, id, sub, kind, name, definition, parts) AS (
  SELECT 'pg_namespace'::regclass::oid, oid, 0, 'schema', name, '', NULL::json FROM own
UNION ALL
  SELECT 'pg_extension'::regclass, e.oid, 0, 'extension', quote_ident(e.extname),
    'SCHEMA ' || quote_ident(n.nspname) || ' VERSION ' || quote_literal(e.extversion),
    json_build_object('version', e.extversion, 'schema', quote_ident(n.nspname))
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname <> 'greenroom_observe'
UNION ALL
  SELECT 'pg_class'::regclass, oid, 0, 'table', name,
    concat_ws(' ', CASE relkind WHEN 'f' THEN 'FOREIGN' ELSE CASE relpersistence WHEN 'u' THEN 'UNLOGGED' END END, 'TABLE',
      'PARTITION BY ' || CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) END,
      'USING ' || (SELECT quote_ident(amname) FROM pg_am WHERE pg_am.oid = relam AND amname <> 'heap')) || options,
    json_build_object('foreign', relkind = 'f', 'unlogged', relpersistence = 'u', 'options', coalesce(reloptions, '{}'),
      'partitionBy', CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) END,
      'method', (SELECT quote_ident(amname) FROM pg_am WHERE pg_am.oid = relam AND amname <> 'heap'))
  FROM tables
UNION ALL
  SELECT 'pg_class'::regclass, attrelid, attnum, 'column', of || '.' || name,
    concat_ws(' ', type, 'COLLATE ' || collated, CASE WHEN attnotnull THEN 'NOT NULL' END,
      CASE WHEN unread IS NOT NULL THEN 'NOT VALID ' || unread END,
      CASE attgenerated WHEN '' THEN 'DEFAULT ' || expression WHEN 's' THEN 'GENERATED ALWAYS AS (' || expression || ') STORED'
        ELSE 'GENERATED ALWAYS AS (' || expression || ') VIRTUAL' END,
      'GENERATED ' || identity || ' AS IDENTITY' || coalesce(' (' || sequence || ')', '')),
    json_build_object('of', of, 'column', name, 'position', attnum, 'type', type, 'category', typcategory, 'collation', collated,
      'notNull', attnotnull, 'unread', unread, 'default', CASE WHEN attgenerated = '' THEN expression END,
      'generated', CASE WHEN attgenerated <> '' THEN expression END, 'identity', identity, 'sequence', sequence,
      'inherited', inherited)
  FROM columns WHERE relkind <> 'c'
UNION ALL
  SELECT 'pg_class'::regclass, c.oid, 0, 'row security', c.name,
    concat_ws(', ', CASE WHEN c.relrowsecurity THEN 'ENABLE' END, CASE WHEN c.relforcerowsecurity THEN 'FORCE' END),
    json_build_object('of', c.name, 'enabled', c.relrowsecurity, 'forced', c.relforcerowsecurity)
  FROM tables c WHERE c.relrowsecurity OR c.relforcerowsecurity
UNION ALL
  SELECT 'pg_class'::regclass, c.oid, 0, 'replica identity', c.name,
    CASE c.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL' ELSE 'USING INDEX ' || (
      SELECT quote_ident(i.relname) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
      WHERE x.indrelid = c.oid AND x.indisreplident) END,
    json_build_object('of', c.name)
  FROM tables c WHERE c.relreplident <> 'd' AND c.relkind <> 'f'
UNION ALL
  SELECT 'pg_inherits'::regclass, c.oid, i.inhseqno, CASE WHEN c.relispartition THEN 'partition' ELSE 'inheritance' END,
    CASE WHEN c.relispartition THEN c.name ELSE c.name || ' ' || p.name END,
    CASE WHEN c.relispartition THEN 'OF ' || p.name || ' ' || pg_get_expr(c.relpartbound, c.oid) ELSE 'INHERIT ' || p.name END,
    json_build_object('of', c.name, 'parent', p.name, 'bound', pg_get_expr(c.relpartbound, c.oid))
  FROM pg_inherits i JOIN tables c ON c.oid = i.inhrelid JOIN tables p ON p.oid = i.inhparent
UNION ALL
  -- Those of a partition that another table's key refers to are the key's own; those of Postgres 18 for NOT NULL the column's.
  SELECT 'pg_constraint'::regclass, k.oid, 0, 'constraint', r.name || '.' || quote_ident(k.conname), pg_get_constraintdef(k.oid),
    json_build_object('of', r.name, 'constraint', quote_ident(k.conname), 'type', k.contype, 'inherited', NOT k.conislocal OR k.conparentid <> 0)
  FROM pg_constraint k JOIN relations r ON r.oid = k.conrelid
  WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
    AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)
UNION ALL
  SELECT 'pg_class'::regclass, r.oid, 0, 'index', r.name,
    pg_get_indexdef(r.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
      || CASE WHEN t.relkind <> 'p' AND r.relispartition THEN ' PARTITION OF ' || p.name ELSE '' END,
    json_build_object('of', t.name, 'create', pg_get_indexdef(r.oid), 'valid', i.indisvalid, 'parent', p.name)
  FROM relations r JOIN pg_index i ON i.indexrelid = r.oid JOIN relations t ON t.oid = i.indrelid
  LEFT JOIN pg_inherits h ON h.inhrelid = r.oid LEFT JOIN relations p ON p.oid = h.inhparent
  WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = r.oid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
  SELECT 'pg_class'::regclass, s.oid, 0, 'sequence', s.name,
    s.options || coalesce(' OWNED BY ' || c.of || '.' || c.name, ''),
    json_build_object('options', s.options, 'owner', c.of || '.' || c.name)
  FROM sequences s LEFT JOIN columns c ON c.attrelid = s.refobjid AND c.attnum = s.refobjsubid WHERE s.identity IS NOT TRUE
UNION ALL
  SELECT 'pg_class'::regclass, oid, 0, CASE relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, name,
    ltrim(options || ' AS') || E'\n' || rtrim(pg_get_viewdef(oid), ';'), NULL
  FROM relations WHERE relkind IN ('v', 'm')
UNION ALL
  SELECT 'pg_rewrite'::regclass, w.oid, 0, 'rule', r.name || '.' || quote_ident(w.rulename), rtrim(pg_get_ruledef(w.oid), ';'),
    json_build_object('of', r.name, 'rule', quote_ident(w.rulename))
  FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
UNION ALL
  SELECT 'pg_type'::regclass, t.oid, 0, 'type', t.name, 'AS ENUM (' || e.labels || ')', json_build_object('labels', e.list)
  FROM types t, LATERAL (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) AS labels,
    coalesce(json_agg(quote_literal(enumlabel) ORDER BY enumsortorder), '[]') AS list FROM pg_enum WHERE enumtypid = t.oid) e
  WHERE t.typtype = 'e'
UNION ALL
  SELECT 'pg_type'::regclass, t.oid, 0, 'type', t.name, 'AS (' || coalesce(a.text, '') || ')',
    json_build_object('attributes', coalesce(a.list, '[]'))
  FROM types t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c', LATERAL (
    SELECT string_agg(concat_ws(' ', name, type, 'COLLATE ' || collated), ', ' ORDER BY attnum) AS text,
      json_agg(json_build_object('name', name, 'type', concat_ws(' ', type, 'COLLATE ' || collated)) ORDER BY attnum) AS list
    FROM columns WHERE attrelid = t.typrelid) a
  WHERE t.typtype = 'c'
UNION ALL
  SELECT 'pg_type'::regclass, t.oid, 0, 'type', t.name, concat_ws(', ', 'AS RANGE (SUBTYPE = ' || format_type(r.rngsubtype, NULL),
    'SUBTYPE_DIFF = ' || nullif(r.rngsubdiff, 0)::regproc::text, 'CANONICAL = ' || nullif(r.rngcanonical, 0)::regproc::text,
    -- Servers before 14 know no multiranges.
    'MULTIRANGE_TYPE_NAME = ' || format_type((to_jsonb(r) ->> 'rngmultitypid')::oid, NULL)) || ')', NULL
  FROM types t JOIN pg_range r ON r.rngtypid = t.oid WHERE t.typtype = 'r'
UNION ALL
  SELECT 'pg_type'::regclass, t.oid, 0, 'domain', t.name, concat_ws(' ', 'AS ' || format_type(t.typbasetype, t.typtypmod),
      'DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN 'NOT NULL' END),
    json_build_object('base', format_type(t.typbasetype, t.typtypmod), 'default', t.typdefault, 'notNull', t.typnotnull)
  FROM types t WHERE t.typtype = 'd'
UNION ALL
  SELECT 'pg_constraint'::regclass, k.oid, 0, 'domain constraint', t.name || '.' || quote_ident(k.conname),
    pg_get_constraintdef(k.oid), json_build_object('of', t.name, 'constraint', quote_ident(k.conname))
  FROM pg_constraint k JOIN types t ON t.oid = k.contypid WHERE k.contype = 'c'
UNION ALL
  SELECT 'pg_proc'::regclass, p.oid, 0, 'function',
    o.name || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')', pg_get_functiondef(p.oid),
    json_build_object('signature', p.prokind::text || pg_get_function_arguments(p.oid) || coalesce(pg_get_function_result(p.oid), ''))
  FROM pg_proc p JOIN own o ON o.oid = p.pronamespace
  WHERE p.prokind IN ('f', 'p', 'w') AND NOT EXISTS (SELECT FROM members WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
UNION ALL
  SELECT 'pg_proc'::regclass, p.oid, 0, 'aggregate',
    o.name || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    concat_ws(', ', 'SFUNC = ' || a.aggtransfn::text, 'STYPE = ' || format_type(a.aggtranstype, NULL),
      'FINALFUNC = ' || nullif(a.aggfinalfn, 0)::regproc::text, 'COMBINEFUNC = ' || nullif(a.aggcombinefn, 0)::regproc::text,
      'INITCOND = ' || quote_literal(a.agginitval), 'KIND = ' || nullif(a.aggkind, 'n')::text, 'MSFUNC = ' || nullif(a.aggmtransfn, 0)::regproc::text),
    json_build_object('plain', a.aggkind = 'n' AND a.aggmtransfn = 0)
  FROM pg_proc p JOIN own o ON o.oid = p.pronamespace JOIN pg_aggregate a ON a.aggfnoid = p.oid
  WHERE NOT EXISTS (SELECT FROM members WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
UNION ALL
  SELECT 'pg_trigger'::regclass, t.oid, 0, 'trigger', r.name || '.' || quote_ident(t.tgname),
    pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' WHEN 'D' THEN ' DISABLED' ELSE ' ' || t.tgenabled::text END,
    json_build_object('of', r.name, 'trigger', quote_ident(t.tgname), 'create', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled)
  FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid
  -- Since Postgres 13; in 12 a partition's own of its parent's is internal.
  WHERE NOT t.tgisinternal AND coalesce(to_jsonb(t) ->> 'tgparentid', '0') = '0' AND t.tgname <> 'greenroom_booked'
UNION ALL
  SELECT 'pg_policy'::regclass, p.oid, 0, 'policy', r.name || '.' || quote_ident(p.polname),
    concat_ws(' ', CASE WHEN p.polpermissive THEN 'AS PERMISSIVE' ELSE 'AS RESTRICTIVE' END,
      'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      'TO ' || (SELECT string_agg(CASE WHEN o.role = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o.role)) END, ', ' ORDER BY 1)
        FROM unnest(p.polroles) o (role)),
      'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', 'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
    json_build_object('of', r.name, 'policy', quote_ident(p.polname))
  FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
UNION ALL
  SELECT 'pg_statistic_ext'::regclass, s.oid, 0, 'statistics', o.name || '.' || quote_ident(s.stxname),
    -- Postgres lists its columns by their place in the table, which does not count.
    array_to_string(s.stxkind, '') || ' ON ' || concat_ws(', ', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname)
      FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum = ANY (s.stxkeys)),
      array_to_string(pg_get_statisticsobjdef_expressions(s.oid), ', ')),
    json_build_object('of', r.name, 'create', pg_get_statisticsobjdef(s.oid))
  FROM pg_statistic_ext s JOIN own o ON o.oid = s.stxnamespace JOIN relations r ON r.oid = s.stxrelid
UNION ALL
  SELECT 'pg_event_trigger'::regclass, e.oid, 0, 'event trigger', quote_ident(e.evtname),
    'ON ' || e.evtevent || coalesce(' WHEN TAG IN (' || (SELECT string_agg(quote_literal(tag), ', ') FROM unnest(e.evttags) tag) || ')', '')
      || ' EXECUTE FUNCTION ' || e.evtfoid::regproc::text || '()' || CASE e.evtenabled WHEN 'O' THEN '' WHEN 'D' THEN ' DISABLED' ELSE ' ' || e.evtenabled::text END,
    json_build_object('enabled', e.evtenabled)
  FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid JOIN own o ON o.oid = p.pronamespace
), known (class, id, sub, kind, name) AS (
  SELECT class, id, sub, kind, name FROM objects WHERE kind NOT IN ('partition', 'inheritance', 'row security', 'replica identity')
  -- What Postgres hangs on parts of them: a view's query, a column's default, a table's row type, arrays, a key's index.
  UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, 0, o.kind, o.name FROM pg_rewrite w
    JOIN objects o ON o.class = 'pg_class'::regclass AND o.id = w.ev_class AND o.kind IN ('view', 'materialized view')
    WHERE w.rulename = '_RETURN'
  UNION ALL SELECT 'pg_attrdef'::regclass, c.default_oid, 0, 'column', c.of || '.' || c.name FROM columns c WHERE c.default_oid IS NOT NULL
  UNION ALL SELECT 'pg_type'::regclass, t.oid, 0, o.kind, o.name FROM pg_type t
    JOIN objects o ON o.class = 'pg_class'::regclass AND o.id = t.typrelid AND o.sub = 0 AND o.kind IN ('table', 'view', 'materialized view')
  UNION ALL SELECT 'pg_type'::regclass, t.typarray, 0, o.kind, o.name FROM pg_type t
    JOIN objects o ON o.class = 'pg_type'::regclass AND o.id = t.oid WHERE t.typarray <> 0
  UNION ALL SELECT 'pg_type'::regclass, (to_jsonb(r) ->> 'rngmultitypid')::oid, 0, o.kind, o.name FROM pg_range r
    JOIN objects o ON o.class = 'pg_type'::regclass AND o.id = r.rngtypid
  UNION ALL SELECT 'pg_class'::regclass, t.typrelid, 0, o.kind, o.name FROM pg_type t
    JOIN objects o ON o.class = 'pg_type'::regclass AND o.id = t.oid WHERE t.typrelid <> 0
  UNION ALL SELECT 'pg_class'::regclass, k.conindid, 0, o.kind, o.name FROM pg_constraint k
    JOIN objects o ON o.class = 'pg_constraint'::regclass AND o.id = k.oid WHERE k.contype IN ('p', 'u', 'x')
), needs AS (
  SELECT DISTINCT f.kind, f.name, t.kind || ' ' || t.name AS need
  FROM pg_depend d
  JOIN known f ON f.class = d.classid AND f.id = d.objid AND (f.sub = d.objsubid OR (f.sub = 0 AND f.kind <> 'table'))
  JOIN known t ON t.class = d.refclassid AND t.id = d.refobjid AND (t.sub = d.refobjsubid OR (t.sub = 0 AND t.kind <> 'table'))
  -- The column that a sequence belongs to, and its default that takes numbers from it, would each need the other.
  WHERE NOT (f.kind = 'sequence' AND d.deptype = 'a') AND (f.kind, f.name) <> (t.kind, t.name)
)
SELECT o.kind, o.name, o.definition, coalesce(o.parts, '{}') AS parts, coalesce(n.needs, '{}') AS needs
FROM objects o LEFT JOIN (SELECT kind, name, array_agg(need ORDER BY need) AS needs FROM needs GROUP BY 1, 2) n USING (kind, name)
ORDER BY o.kind COLLATE "C", o.name COLLATE "C"
