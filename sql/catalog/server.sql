SELECT current_database() AS database, session_user AS login,
  (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl) AS tls_version, current_setting('server_version') AS version,
  current_setting('server_version_num')::int / 10000 AS major, current_setting('data_checksums') AS checksums,
  pg_database_size(current_database())::float8 AS size_bytes, pg_encoding_to_char(d.encoding) AS encoding,
  d.datcollate AS collate, d.datctype AS ctype, now() AS at,
  -- Columns since Postgres 15, 16 and 17; the locale has had two names.
  coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') AS locale_provider,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale, to_jsonb(d) ->> 'daticurules' AS icu_rules,
  CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn,
  (SELECT count(*) FROM pg_largeobject_metadata)::int AS large_objects,
  (SELECT array_agg(extname::text ORDER BY extname) FROM pg_extension) AS extensions,
  current_setting('default_statistics_target')::int AS statistics_target,
  -- Whether a session says so when nobody is at its other end.
  current_setting('client_connection_check_interval', true) IS NOT DISTINCT FROM '1s' AS notices_loss,
  (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS bypasses_row_security
FROM pg_database d WHERE d.datname = current_database()
