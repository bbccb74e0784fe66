-- Installed in a rehearsal's clone. What a migration does is told through the server's log, so that it survives the
-- rollback of a migration that fails. The functions run as whoever migrates, superuser or not. `:books` is the table in
-- which the migrator notes what it has applied.
CREATE SCHEMA greenroom_observe;
GRANT USAGE ON SCHEMA greenroom_observe TO PUBLIC;

-- The session's locks on tables and the like, and how much WAL there is by now.
CREATE FUNCTION greenroom_observe.held() RETURNS json LANGUAGE sql SET search_path = pg_catalog AS $$
  SELECT json_build_object('lsn', pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, 'locks',
    (SELECT coalesce(json_agg(json_build_object('relation', l.relation::bigint, 'mode', l.mode,
       'name', CASE WHEN c.oid IS NOT NULL THEN n.nspname || '.' || c.relname END, 'kind', c.relkind)), '[]')
     FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
       AND (c.oid IS NULL OR c.relkind IN ('r', 'p', 'm', 'f', 'v'))
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())))
$$;

CREATE FUNCTION greenroom_observe.tell_begins() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE LOG 'greenroom:begins %', pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint;
END $$;

CREATE FUNCTION greenroom_observe.tell_locks() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE LOG 'greenroom:locks %', greenroom_observe.held();
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

-- Bytes of each table with its indexes, as the transaction sees them: what it replaced is not counted, though it is on the
-- disk until the end. To look at a table locks it for a moment; nobody is to wait for that.
CREATE FUNCTION greenroom_observe.sizes() RETURNS json LANGUAGE plpgsql SET search_path = pg_catalog SET lock_timeout = '100ms' AS $$
BEGIN
  RETURN (SELECT coalesce(json_object_agg(n.nspname || '.' || c.relname, pg_total_relation_size(c.oid)), '{}')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema');
EXCEPTION WHEN lock_not_available THEN
  RETURN NULL;
END $$;

-- After a migration's last statement: its locks again, for those that no event trigger saw, and the rows it changed.
CREATE FUNCTION greenroom_observe.tell_booked() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE LOG 'greenroom:booked %', (
    SELECT json_build_object('held', greenroom_observe.held(), 'sizes', greenroom_observe.sizes(), 'rows', coalesce(json_agg(json_build_object(
      'table', schemaname || '.' || relname, 'inserted', n_tup_ins, 'updated', n_tup_upd, 'deleted', n_tup_del)), '[]'))
    FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND relid <> TG_RELID);
  RETURN NULL;
END $$;

-- A database that has never been migrated gets its books from the migrator.
CREATE FUNCTION greenroom_observe.watch_books() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
DECLARE
  made oid;
BEGIN
  FOR made IN SELECT objid FROM pg_event_trigger_ddl_commands() JOIN pg_class ON pg_class.oid = objid
    WHERE relname = :books AND relkind = 'r' AND objsubid = 0
      AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = objid AND tgname = 'greenroom_booked')
  LOOP
    EXECUTE format('CREATE TRIGGER greenroom_booked AFTER INSERT ON %s EXECUTE FUNCTION greenroom_observe.tell_booked()', made::regclass);
  END LOOP;
END $$;

DO $$
DECLARE
  present oid;
BEGIN
  FOR present IN SELECT oid FROM pg_class WHERE relname = :books AND relkind = 'r' LOOP
    EXECUTE format('CREATE TRIGGER greenroom_booked AFTER INSERT ON %s EXECUTE FUNCTION greenroom_observe.tell_booked()', present::regclass);
  END LOOP;
END $$;

CREATE EVENT TRIGGER greenroom_begins ON ddl_command_start EXECUTE FUNCTION greenroom_observe.tell_begins();
CREATE EVENT TRIGGER greenroom_locks ON ddl_command_end EXECUTE FUNCTION greenroom_observe.tell_locks();
CREATE EVENT TRIGGER greenroom_books ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
  EXECUTE FUNCTION greenroom_observe.watch_books();
CREATE EVENT TRIGGER greenroom_rewrite ON table_rewrite EXECUTE FUNCTION greenroom_observe.tell_rewrite();
