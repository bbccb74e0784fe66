SELECT k.conname AS name, format('%s.%s', n.nspname, c.relname) AS table, format('%s.%s', rn.nspname, r.relname) AS references,
  (SELECT array_agg(a.attname::text ORDER BY p.position) FROM unnest(k.conkey) WITH ORDINALITY p (attnum, position)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.attnum) AS columns,
  (SELECT array_agg(a.attname::text ORDER BY p.position) FROM unnest(k.confkey) WITH ORDINALITY p (attnum, position)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.attnum) AS referenced_columns
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE k.contype = 'f'
