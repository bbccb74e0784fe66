-- How a source is reached beside its URL, and how gently it is read.
ALTER TABLE sources ADD COLUMN tls jsonb;
-- What may be shown of the SSH login; its key and passphrase are in sealed_ssh only.
ALTER TABLE sources ADD COLUMN ssh jsonb;
ALTER TABLE sources ADD COLUMN sealed_ssh bytea;
ALTER TABLE sources ADD CONSTRAINT sources_ssh_is_whole CHECK ((ssh IS NULL) = (sealed_ssh IS NULL));
ALTER TABLE sources ADD COLUMN limits jsonb;
