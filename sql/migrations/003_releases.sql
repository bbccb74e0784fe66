CREATE TABLE releases (
  project text NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
  version text NOT NULL,
  commit text,
  -- Image reference by service, of those the release names.
  images jsonb NOT NULL,
  -- Names of the variables by service; the values are in sealed_services.
  variables jsonb NOT NULL,
  sealed_services bytea NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project, version)
);

-- The readiness policy: the budgets a release is held against.
ALTER TABLE projects ADD COLUMN readiness jsonb NOT NULL DEFAULT '{}';
