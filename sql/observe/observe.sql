-- Installed in a rehearsal's clone. What a migration does is told through the server's log, so that it survives the
-- rollback of a migration that fails. The functions run as whoever migrates, superuser or not.
CREATE SCHEMA greenroom_observe;
GRANT USAGE ON SCHEMA greenroom_observe TO PUBLIC;

CREATE FUNCTION greenroom_observe.tell_locks() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE LOG 'greenroom:locks %', (
    SELECT coalesce(json_agg(json_build_object('relation', l.relation::bigint, 'mode', l.mode,
      'name', CASE WHEN c.oid IS NOT NULL THEN n.nspname || '.' || c.relname END, 'kind', c.relkind)), '[]')
    FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()));
END $$;

CREATE FUNCTION greenroom_observe.tell_rewrite() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  rewritten oid := pg_event_trigger_table_rewrite_oid();
BEGIN
  RAISE LOG 'greenroom:rewrite %', (
    SELECT json_build_object('relation', rewritten::bigint, 'name', n.nspname || '.' || c.relname,
      'reason', pg_event_trigger_table_rewrite_reason(), 'sizeBytes', pg_relation_size(rewritten))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = rewritten);
END $$;

CREATE EVENT TRIGGER greenroom_locks ON ddl_command_end EXECUTE FUNCTION greenroom_observe.tell_locks();
CREATE EVENT TRIGGER greenroom_rewrite ON table_rewrite EXECUTE FUNCTION greenroom_observe.tell_rewrite();
