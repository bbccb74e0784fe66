-- greenroom's own tables. Secrets are sealed (AES-256-GCM) before they get here; tokens are kept as hashes only.

CREATE TABLE installation (
  id text PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);
-- There is one installation in a database.
CREATE UNIQUE INDEX installation_is_one ON installation ((true));

CREATE TABLE hosts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tokens (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  secret_sha256 bytea NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);

CREATE TABLE projects (
  name text PRIMARY KEY,
  bundle jsonb NOT NULL,
  sealed_variables bytea NOT NULL,
  profiles text[] NOT NULL,
  allow text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sources (
  project text NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
  name text NOT NULL,
  server text NOT NULL,
  database text NOT NULL,
  sealed_url bytea NOT NULL,
  sealed_key bytea NOT NULL,
  key_id text NOT NULL,
  policy jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project, name)
);

CREATE TABLE snapshots (
  id text PRIMARY KEY,
  project text NOT NULL REFERENCES projects (name),
  source text NOT NULL,
  host uuid NOT NULL REFERENCES hosts (id),
  state text NOT NULL CHECK (state IN ('capturing', 'ready', 'failed', 'deleting')),
  volume text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  taken_at timestamptz,
  report jsonb,
  error jsonb
);
CREATE INDEX snapshots_of_project ON snapshots (project, created_at DESC);

CREATE TABLE stacks (
  name text PRIMARY KEY,
  project text NOT NULL REFERENCES projects (name),
  host uuid NOT NULL REFERENCES hosts (id),
  snapshot text REFERENCES snapshots (id),
  kind text NOT NULL CHECK (kind IN ('ephemeral', 'persistent')),
  state text NOT NULL CHECK (state IN ('creating', 'ready', 'resetting', 'deleting', 'failed')),
  deadline timestamptz,
  health_timeout_ms integer NOT NULL,
  release jsonb NOT NULL,
  -- The plan it runs, sealed because it holds the services' environment.
  sealed_plan bytea NOT NULL,
  clone_mode text,
  error jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK (kind = 'persistent' OR deadline IS NOT NULL)
);

CREATE TABLE subnets (
  host uuid NOT NULL REFERENCES hosts (id),
  cidr text NOT NULL,
  -- What it is for: a stack's name, or greenroom's own work network.
  owner text NOT NULL,
  network text NOT NULL,
  PRIMARY KEY (host, cidr),
  UNIQUE (host, network)
);

CREATE TABLE operations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL,
  subject text NOT NULL,
  input jsonb NOT NULL,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  requested_by text NOT NULL,
  request_id text,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  attempt integer NOT NULL DEFAULT 0,
  cancel_requested boolean NOT NULL DEFAULT false,
  progress jsonb,
  result jsonb,
  -- Set before what was made is taken down, so that a restart in between goes on taking down.
  error jsonb
);
CREATE INDEX operations_newest ON operations (created_at DESC);
CREATE INDEX operations_of_subject ON operations (subject, created_at DESC);

CREATE TABLE operation_steps (
  operation uuid NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
  position integer NOT NULL,
  name text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  output jsonb,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  PRIMARY KEY (operation, name)
);

CREATE TABLE operation_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  operation uuid NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  line text NOT NULL
);
CREATE INDEX operation_log_of_operation ON operation_log (operation, id);

CREATE TABLE events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  operation uuid,
  detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX events_of_subject ON events (subject, id DESC);

-- Whoever follows an operation hears of every change of it, whichever process made it.
CREATE FUNCTION notify_operation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'operations' THEN
    PERFORM pg_notify('greenroom_operation', NEW.id::text);
  ELSE
    PERFORM pg_notify('greenroom_operation', NEW.operation::text);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER operations_changed AFTER INSERT OR UPDATE ON operations FOR EACH ROW EXECUTE FUNCTION notify_operation();
CREATE TRIGGER operation_steps_changed AFTER INSERT OR UPDATE ON operation_steps FOR EACH ROW EXECUTE FUNCTION notify_operation();
CREATE TRIGGER operation_log_changed AFTER INSERT ON operation_log FOR EACH ROW EXECUTE FUNCTION notify_operation();
