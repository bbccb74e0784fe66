-- A run of the migrator: a rehearsal or a status on throwaway clones, or an apply on a stack, with a backup to go back to.
ALTER TABLE migration_runs ADD COLUMN kind text NOT NULL DEFAULT 'rehearsal' CHECK (kind IN ('status', 'rehearsal', 'apply'));
ALTER TABLE migration_runs ALTER COLUMN kind DROP DEFAULT;
-- No foreign keys: the record of what was done outlives the stack and the backup.
ALTER TABLE migration_runs ADD COLUMN stack text;
ALTER TABLE migration_runs ALTER COLUMN snapshot DROP NOT NULL;
ALTER TABLE migration_runs DROP CONSTRAINT migration_runs_state_check;
ALTER TABLE migration_runs ADD CONSTRAINT migration_runs_state_check
  CHECK (state IN ('running', 'held', 'passed', 'failed', 'error', 'superseded'));
CREATE INDEX migration_runs_of_stack ON migration_runs (stack, created_at DESC);

ALTER TABLE stacks DROP CONSTRAINT stacks_state_check;
-- degraded: it exists, but a change of it could be neither finished nor taken back whole.
ALTER TABLE stacks ADD CONSTRAINT stacks_state_check
  CHECK (state IN ('creating', 'ready', 'resetting', 'deploying', 'restoring', 'degraded', 'deleting', 'failed'));
-- Whether a build of it runs the release's migrations: as asked for, and always once they have been applied.
ALTER TABLE stacks ADD COLUMN migrate text NOT NULL DEFAULT 'hold' CHECK (migrate IN ('auto', 'hold'));
ALTER TABLE stacks ALTER COLUMN migrate DROP DEFAULT;
-- A name may be used again: work that was asked for on an earlier stack of the name is not done on a later one.
ALTER TABLE stacks ADD COLUMN generation uuid NOT NULL DEFAULT gen_random_uuid();
-- The run that carries the release that waits for this stack, or is being put on it.
ALTER TABLE stacks ADD COLUMN candidate text;

CREATE TABLE backups (
  id text PRIMARY KEY,
  project text NOT NULL REFERENCES projects (name),
  -- Not a foreign key: a backup that is kept outlives its stack.
  stack text NOT NULL,
  host uuid NOT NULL REFERENCES hosts (id),
  volume text NOT NULL,
  state text NOT NULL CHECK (state IN ('taking', 'taken', 'verifying', 'verified', 'damaged', 'restoring', 'deleting')),
  kept boolean NOT NULL DEFAULT false,
  -- What the stack ran, so that a restore brings back the release that fits the data; the plan is sealed as the stack's is.
  release jsonb NOT NULL,
  sealed_plan bytea NOT NULL,
  snapshot text,
  facts jsonb NOT NULL,
  -- What the live database held at that moment: what a restored copy is compared with.
  content jsonb,
  taken jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  verified_at timestamptz,
  error jsonb
);
CREATE INDEX backups_of_stack ON backups (stack, created_at DESC);

-- What a migrator answered when it was asked which migrations it has, by what it was made from: an image never changes.
CREATE TABLE known_migrations (
  key text PRIMARY KEY,
  versions jsonb NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT now()
);
