-- All text that a database keeps beside its rows: where it stands, and what it says. It is in columns of the system catalogs
-- that hold text, bytes, expressions or values; those that not every version has are read by to_jsonb. That is:
--
--  * expressions: defaults, generated columns, checks, keys and bounds of partitions, views, rules, indexes, triggers and
--    their arguments, policies, functions in whatever language, states of aggregates, extended statistics
--  * values: enum labels, what old rows have in a column that was added, statistics of columns, indexes and expressions
--  * options and settings of columns, operator classes, relations, dictionaries, collations, tablespaces, roles, databases
--  * comments and security labels
--  * what a snapshot should have nothing of: foreign data, publications, subscriptions, event triggers
--
-- Values that only stand in one list, as those of statistics do, are apart by chr(31): the end of one and the beginning of
-- the next make no value. Names are in audit-names.sql. Not searched are what initdb makes, versions, the server's own password, numbers of sequences.
WITH own AS (
  SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), relations AS (
  SELECT c.oid, c.relkind, c.relispartition, c.relpartbound, c.reloptions, format('%s.%s', o.nspname, c.relname) AS name
  FROM pg_class c JOIN own o ON o.oid = c.relnamespace
), columns AS (
  SELECT a.*, format('%s.%s', r.name, a.attname) AS name FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped
), types AS (
  SELECT t.*, format('%s.%s', o.nspname, t.typname) AS name FROM pg_type t JOIN own o ON o.oid = t.typnamespace
), functions AS (
  SELECT f.*, format('%s.%s', o.nspname, f.proname) AS name FROM pg_proc f JOIN own o ON o.oid = f.pronamespace
), texts (place, text) AS (
  SELECT c.name || ' (default)', pg_get_expr(d.adbin, d.adrelid)
  FROM pg_attrdef d JOIN columns c ON c.attrelid = d.adrelid AND c.attnum = d.adnum
  UNION ALL
  SELECT name || ' (default)', attmissingval::text FROM columns
  UNION ALL
  SELECT name || ' (options)', concat_ws(' ', attoptions::text, attfdwoptions::text) FROM columns
  UNION ALL
  SELECT name || ' (options)', reloptions::text FROM relations
  UNION ALL
  SELECT format('%s (constraint %s)', r.name, k.conname), pg_get_expr(k.conbin, k.conrelid)
  FROM pg_constraint k JOIN relations r ON r.oid = k.conrelid
  UNION ALL
  SELECT format('%s (constraint %s)', t.name, k.conname), pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN types t ON t.oid = k.contypid
  UNION ALL
  SELECT name || ' (default)', typdefault FROM types
  UNION ALL
  SELECT t.name || ' (enum)', e.enumlabel FROM pg_enum e JOIN types t ON t.oid = e.enumtypid
  UNION ALL
  SELECT name || ' (partition bound)', pg_get_expr(relpartbound, oid) FROM relations WHERE relispartition
  UNION ALL
  SELECT r.name || ' (partition key)', pg_get_expr(p.partexprs, p.partrelid)
  FROM pg_partitioned_table p JOIN relations r ON r.oid = p.partrelid
  UNION ALL
  SELECT name || ' (definition)', pg_get_viewdef(oid) FROM relations WHERE relkind IN ('v', 'm')
  UNION ALL
  SELECT r.name || ' (index)', concat_ws(' ', pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid))
  FROM pg_index i JOIN relations r ON r.oid = i.indexrelid
  UNION ALL
  SELECT format('%s (rule %s)', r.name, w.rulename), pg_get_ruledef(w.oid)
  FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
  UNION ALL
  SELECT format('%s (trigger %s)', r.name, t.tgname), pg_get_triggerdef(t.oid)
  FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
  UNION ALL
  SELECT format('%s (policy %s)', r.name, p.polname),
    concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
  UNION ALL
  -- Parameters, their defaults, and settings too. A body in standard SQL (since Postgres 14) is not in prosrc.
  SELECT name || ' (function)', pg_get_functiondef(oid) FROM functions WHERE prokind <> 'a'
  UNION ALL
  SELECT f.name || ' (function)', concat_ws(' ', f.proargnames::text, a.agginitval, a.aggminitval)
  FROM pg_aggregate a JOIN functions f ON f.oid = a.aggfnoid
  UNION ALL
  SELECT format('%s.%s (definition)', o.nspname, s.stxname), pg_get_statisticsobjdef(s.oid)
  FROM pg_statistic_ext s JOIN own o ON o.oid = s.stxnamespace
  UNION ALL
  SELECT format('%s.%s (options)', o.nspname, d.dictname), d.dictinitoption FROM pg_ts_dict d JOIN own o ON o.oid = d.dictnamespace
  UNION ALL
  SELECT format('%s.%s (options)', o.nspname, c.collname),
    concat_ws(' ', c.collcollate, c.collctype, j ->> 'colliculocale', j ->> 'colllocale', j ->> 'collicurules')
  FROM pg_collation c JOIN own o ON o.oid = c.collnamespace, to_jsonb(c) j
  UNION ALL
  SELECT 'locales of databases', concat_ws(' ', datcollate, datctype, j ->> 'daticulocale', j ->> 'datlocale', j ->> 'daticurules')
  FROM pg_database d, to_jsonb(d) j
  UNION ALL
  SELECT 'options of tablespaces', spcoptions::text FROM pg_tablespace
  UNION ALL
  SELECT 'settings of roles and databases', array_to_string(setconfig, ' ') FROM pg_db_role_setting
  UNION ALL
  SELECT 'extension ' || extname, extcondition::text FROM pg_extension
  UNION ALL
  SELECT format('comment on %s', coalesce(pg_describe_object(d.classoid, d.objoid, d.objsubid), 'something')), d.description
  FROM pg_description d WHERE d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass
  UNION ALL
  SELECT 'comment on ' || d.classoid::regclass, d.description FROM pg_shdescription d WHERE d.objoid >= 16384
  UNION ALL
  SELECT format('security label of %s', coalesce(pg_describe_object(l.classoid, l.objoid, l.objsubid), 'something')), l.label
  FROM pg_seclabel l
  UNION ALL
  SELECT 'security label of ' || l.classoid::regclass, l.label FROM pg_shseclabel l
  UNION ALL
  SELECT 'foreign data', concat_ws(' ', fdwname, fdwoptions::text) FROM pg_foreign_data_wrapper
  UNION ALL
  SELECT 'foreign data', concat_ws(' ', srvname, srvtype, srvversion, srvoptions::text) FROM pg_foreign_server
  UNION ALL
  SELECT 'foreign data', ftoptions::text FROM pg_foreign_table
  UNION ALL
  SELECT 'foreign data', umoptions::text FROM pg_user_mapping
  UNION ALL
  SELECT 'publications', to_jsonb(p)::text FROM pg_publication p
  UNION ALL
  SELECT 'publications', to_jsonb(t) ->> 'rowfilter' FROM pg_publication_tables t
  UNION ALL
  SELECT 'subscriptions', to_jsonb(s)::text FROM pg_subscription s
  UNION ALL
  SELECT 'event triggers', concat_ws(' ', evtname, evttags::text) FROM pg_event_trigger
  UNION ALL
  SELECT c.name || ' (statistics)',
    concat_ws(chr(31), array_to_string(stavalues1::text::text[], chr(31)), array_to_string(stavalues2::text::text[], chr(31)),
      array_to_string(stavalues3::text::text[], chr(31)), array_to_string(stavalues4::text::text[], chr(31)),
      array_to_string(stavalues5::text::text[], chr(31)))
  FROM pg_statistic s JOIN columns c ON c.attrelid = s.starelid AND c.attnum = s.staattnum
  UNION ALL
  SELECT format('%s.%s (%s, extended statistics)', schemaname, tablename, statistics_name), array_to_string(most_common_vals, chr(31))
  FROM pg_stats_ext
  UNION ALL
  SELECT format('%s (%s, extended statistics)', r.name, s.stxname), to_jsonb(d) ->> 'stxdexpr'
  FROM pg_statistic_ext_data d JOIN pg_statistic_ext s ON s.oid = d.stxoid JOIN relations r ON r.oid = s.stxrelid
)
SELECT place, text FROM texts WHERE text <> ''
