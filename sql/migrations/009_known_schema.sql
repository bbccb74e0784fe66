-- A source's schema (names and types) as it was when its policy was set or it was last captured: what is other then stops a capture.
ALTER TABLE sources ADD COLUMN known_schema jsonb;
ALTER TABLE sources ADD COLUMN schema_known_at timestamptz;
