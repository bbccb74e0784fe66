SELECT kind, state, count(*)::int AS count,
  coalesce(sum(extract(epoch FROM finished_at - started_at)), 0)::float8 AS seconds
FROM operations GROUP BY kind, state
