SELECT oid::int8 AS oid, typname AS name, typtype AS kind, typcategory AS category, typbasetype::int8 AS base,
  typtypmod AS typmod, typelem::int8 AS element
FROM pg_type
