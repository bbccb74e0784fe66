-- Uses of the migrator. A rehearsal runs on throwaway clones of a snapshot; its report is evidence about the release.
CREATE TABLE migration_runs (
  id text PRIMARY KEY,
  project text NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
  host uuid NOT NULL REFERENCES hosts (id),
  snapshot text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'passed', 'failed', 'error')),
  release jsonb NOT NULL,
  -- The plan with the candidate's images and variables, sealed because it holds the services' environment.
  sealed_plan bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  report jsonb,
  error jsonb
);
CREATE INDEX migration_runs_of_project ON migration_runs (project, created_at DESC);
