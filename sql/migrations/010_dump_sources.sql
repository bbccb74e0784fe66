-- A source is a server, or a dump of one.
ALTER TABLE sources ADD COLUMN dump jsonb;
ALTER TABLE sources ALTER COLUMN server DROP NOT NULL, ALTER COLUMN database DROP NOT NULL, ALTER COLUMN sealed_url DROP NOT NULL;
ALTER TABLE sources ADD CONSTRAINT sources_are_servers_or_dumps
  CHECK ((dump IS NULL) = (sealed_url IS NOT NULL) AND (sealed_url IS NULL) = (server IS NULL) AND (server IS NULL) = (database IS NULL));
