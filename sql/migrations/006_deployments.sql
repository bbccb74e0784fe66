-- How releases are put on a project's stacks, and what is kept to go back to.
ALTER TABLE projects ADD COLUMN deployment jsonb NOT NULL DEFAULT '{}';

ALTER TABLE migration_runs DROP CONSTRAINT migration_runs_kind_check;
ALTER TABLE migration_runs ADD CONSTRAINT migration_runs_kind_check CHECK (kind IN ('status', 'rehearsal', 'apply', 'rollback'));

ALTER TABLE backups ADD COLUMN purpose text NOT NULL DEFAULT 'migration'
  CHECK (purpose IN ('migration', 'request', 'failed-state', 'import'));
ALTER TABLE backups ALTER COLUMN purpose DROP DEFAULT;
-- What it consists of: files of the database, or a dump with its manifest, or both.
ALTER TABLE backups ADD COLUMN forms text[] NOT NULL DEFAULT '{clone}';
ALTER TABLE backups ALTER COLUMN forms DROP DEFAULT;
ALTER TABLE backups ADD COLUMN dump jsonb;
ALTER TABLE backups DROP CONSTRAINT backups_state_check;
ALTER TABLE backups ADD CONSTRAINT backups_state_check
  CHECK (state IN ('taking', 'importing', 'taken', 'verifying', 'verified', 'damaged', 'restoring', 'deleting'));

-- Proofs that a stack's newest backup brings its data back, and how long that takes. They outlive backup and stack.
CREATE TABLE drills (
  id text PRIMARY KEY,
  project text NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
  stack text NOT NULL,
  backup text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'passed', 'failed', 'error')),
  report jsonb,
  error jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE INDEX drills_of_stack ON drills (stack, created_at DESC);
