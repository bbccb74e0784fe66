-- Servers that are read instead of the source's own, and what of it is captured.
ALTER TABLE sources ADD COLUMN replicas text[];
-- Their URLs; what may be shown of them is in replicas.
ALTER TABLE sources ADD COLUMN sealed_replicas bytea;
ALTER TABLE sources ADD CONSTRAINT sources_replicas_are_whole CHECK ((replicas IS NULL) = (sealed_replicas IS NULL));
ALTER TABLE sources ADD COLUMN schemas text[];
