-- What the server counts of each statement, where it has preloaded pg_stat_statements. Without the extension, which the
-- migrations may want to create themselves; this form of the function is in every version since Postgres 13.
CREATE FUNCTION greenroom_observe.statements(showtext boolean, OUT userid oid, OUT dbid oid, OUT queryid bigint, OUT query text,
  OUT plans bigint, OUT total_plan_time float8, OUT min_plan_time float8, OUT max_plan_time float8, OUT mean_plan_time float8,
  OUT stddev_plan_time float8, OUT calls bigint, OUT total_exec_time float8, OUT min_exec_time float8, OUT max_exec_time float8,
  OUT mean_exec_time float8, OUT stddev_exec_time float8, OUT rows bigint, OUT shared_blks_hit bigint, OUT shared_blks_read bigint,
  OUT shared_blks_dirtied bigint, OUT shared_blks_written bigint, OUT local_blks_hit bigint, OUT local_blks_read bigint,
  OUT local_blks_dirtied bigint, OUT local_blks_written bigint, OUT temp_blks_read bigint, OUT temp_blks_written bigint,
  OUT blk_read_time float8, OUT blk_write_time float8, OUT wal_records bigint, OUT wal_fpi bigint, OUT wal_bytes numeric)
RETURNS SETOF record AS '$libdir/pg_stat_statements', 'pg_stat_statements_1_8' LANGUAGE C STRICT VOLATILE;
