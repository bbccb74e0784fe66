-- What each image reference named when the release was recorded: by digest, or by image id where it was in no registry.
ALTER TABLE releases ADD COLUMN resolved jsonb NOT NULL DEFAULT '{}';
