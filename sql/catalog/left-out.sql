-- How many there are of what a snapshot leaves out: of comments, those that initdb did not make. What CREATE EXTENSION makes
-- (comments on itself and its objects, its wrapper) it makes in the snapshot, too.
SELECT
  (SELECT count(*) FROM pg_description c WHERE c.objoid >= 16384 AND c.classoid <> 'pg_extension'::regclass
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = c.classoid AND d.objid = c.objoid AND d.deptype = 'e'))::int AS comments,
  (SELECT count(*) FROM pg_seclabel)::int AS security_labels,
  (SELECT count(*) FROM pg_largeobject_metadata)::int AS large_objects,
  (SELECT count(*) FROM pg_foreign_server)::int AS servers,
  (SELECT count(*) FROM pg_foreign_data_wrapper w WHERE NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = w.oid AND d.deptype = 'e'))::int AS wrappers,
  (SELECT count(*) FROM pg_user_mappings)::int AS user_mappings,
  (SELECT count(*) FROM pg_foreign_table)::int AS foreign_tables,
  (SELECT count(*) FROM pg_publication)::int AS publications,
  (SELECT count(subname) FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))::int AS subscriptions,
  (SELECT count(*) FROM pg_event_trigger)::int AS event_triggers,
  (SELECT count(*) FROM pg_depend d JOIN pg_class c ON c.oid = d.objid WHERE d.classid = 'pg_class'::regclass
    AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'm') AND pg_relation_size(c.oid) > 0)::int AS extension_tables
