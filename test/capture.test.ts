import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import pg from 'pg';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { exec } from '../services/engine/exec.ts';
import { pathInHelper, runInHelper } from '../services/engine/helper.ts';
import { nameOf } from '../services/engine/labels.ts';
import { cloneVolume } from '../services/engine/volumes.ts';
import type { Problem } from '../services/errors.ts';
import { adoptClone } from '../services/snapshots/adopt.ts';
import { type CaptureOptions, captureDatabase } from '../services/snapshots/capture/capture.ts';
import { cores } from '../services/snapshots/capture/copy-data.ts';
import type { CaptureReport } from '../services/snapshots/capture/report.ts';
import { previewTable } from '../services/sources/preview.ts';
import { probeSource } from '../services/sources/probe.ts';
import { suggestForSource } from '../services/sources/suggestion.ts';
import { docker, image, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';

const canary = 'qxkanarivz';
const digits = '90713842';

/** One of everything that Postgres keeps rows or text in, with canaries wherever a person could be. */
const schema = `
CREATE ROLE "app owner" LOGIN PASSWORD 'owner-${canary}';
CREATE ROLE app_team NOLOGIN;
GRANT app_team TO "app owner";
CREATE ROLE reader LOGIN PASSWORD 'reader' BYPASSRLS IN ROLE pg_read_all_data;
CREATE EXTENSION citext;
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${canary}.example');
CREATE USER MAPPING FOR "app owner" SERVER elsewhere OPTIONS (user 'u', password 'fdw-${canary}');
CREATE SCHEMA app AUTHORIZATION "app owner";
COMMENT ON SCHEMA app IS 'of ${canary}';
ALTER ROLE "app owner" IN DATABASE shop SET search_path = app;
CREATE SCHEMA "Odd ""Schema";
SET search_path = app, public;
SET ROLE "app owner";

CREATE TYPE status AS ENUM ('new', 'paid');
CREATE DOMAIN mail AS varchar(80) CHECK (VALUE LIKE '%@%');
CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  gone text,
  email mail NOT NULL UNIQUE,
  email_domain text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED,
  nick citext,
  full_name text NOT NULL,
  phone varchar(25),
  born date,
  aliases text[] NOT NULL DEFAULT '{}',
  preferences jsonb NOT NULL DEFAULT '{}',
  seen timestamptz,
  limit_cents numeric(8, 2),
  address inet,
  public_id uuid DEFAULT gen_random_uuid(),
  status status NOT NULL DEFAULT 'new',
  search tsvector GENERATED ALWAYS AS (to_tsvector('simple', full_name)) STORED,
  "user" text
);
ALTER TABLE customers DROP COLUMN gone;
CREATE UNIQUE INDEX customers_nick ON customers (lower(nick::text));
COMMENT ON TABLE customers IS '${canary}';
COMMENT ON COLUMN customers.email IS 'ask ${canary}';
INSERT INTO customers (email, nick, full_name, phone, born, aliases, preferences, seen, limit_cents, address, status, "user")
SELECT '${canary}' || n || '@shop.example', '${canary}' || n, '${canary} Müller ' || n, '+49 ${digits} ' || n, '1980-01-01'::date + n,
  ARRAY['${canary} ' || n, NULL, 'with "quotes", {braces} and \\back\\slash ${canary}', ''],
  jsonb_build_object('contact', jsonb_build_object('email', '${canary}' || n || '@shop.example'), 'note', E'tab\\t and "${canary}"', 'n', n, 'list', jsonb_build_array('${canary}', NULL, true)),
  '2024-01-01 10:00:00.123456+00'::timestamptz + n * interval '1 hour', n + 0.5, '2001:db8::1'::inet + n, CASE WHEN n % 2 = 0 THEN 'paid' ELSE 'new' END::status,
  E'${canary}\\ttab\\nline\\\\N\\r' || n
FROM generate_series(1, 500) n;
INSERT INTO customers (email, full_name) VALUES ('nobody@x', '');

CREATE TABLE orders (
  id bigserial PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
  customer_email text NOT NULL,
  total integer CHECK (total > 0)
);
INSERT INTO orders (customer_id, customer_email, total)
SELECT c.id, c.email, c.id FROM customers c, generate_series(1, 3);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a trigger ran'; END $$;
CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();

CREATE TABLE staff (id integer PRIMARY KEY, name text NOT NULL, department text NOT NULL);
INSERT INTO staff SELECT n, '${canary} ' || n, CASE WHEN n % 2 = 0 THEN 'it' ELSE 'hr' END FROM generate_series(1, 20) n;
ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON staff TO app_team USING (department = current_setting('app.department', true));

CREATE TABLE events (at date NOT NULL, who text, PRIMARY KEY (at, who)) PARTITION BY RANGE (at);
CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE events_rest (who text NOT NULL, at date NOT NULL);
ALTER TABLE events ATTACH PARTITION events_rest DEFAULT;
INSERT INTO events SELECT '2023-06-01'::date + n, '${canary}' || n || '@shop.example' FROM generate_series(0, 400) n;

CREATE TABLE parents (id integer PRIMARY KEY, name text);
CREATE TABLE children (toy text) INHERITS (parents);
INSERT INTO parents VALUES (1, '${canary}');
INSERT INTO children VALUES (2, '${canary}', '${canary}');

CREATE UNLOGGED TABLE sessions (token text PRIMARY KEY);
INSERT INTO sessions SELECT '${canary}' || md5(n::text) FROM generate_series(1, 50) n;
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
CREATE TABLE computed (a integer GENERATED ALWAYS AS (1 + 1) STORED);
INSERT INTO computed DEFAULT VALUES;
CREATE TABLE empty (name text);

CREATE TABLE written (by text);
CREATE FUNCTION write() RETURNS void SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.written VALUES (session_user); END $$;
-- Whoever plans a query of the table calls it: it is of the index.
CREATE FUNCTION is_watched(n integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  IF session_user <> 'reader' THEN RETURN true; END IF;
  IF current_setting('transaction_read_only') <> 'on' THEN RAISE EXCEPTION 'called where it could write'; END IF;
  BEGIN
    PERFORM app.write();
  EXCEPTION WHEN read_only_sql_transaction THEN
    RAISE LOG 'watched: could write nothing';
  END;
  RETURN true;
END $$;
CREATE TABLE watched (id integer PRIMARY KEY, word text NOT NULL);
INSERT INTO watched SELECT n, 'word ' || n FROM generate_series(1, 20) n;
CREATE INDEX watched_id ON watched (id) WHERE is_watched(1);

-- Restored, each of two indexes waits for the other to be begun, in another session.
CREATE FUNCTION meet(id integer, own integer, other integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  IF current_setting('application_name') <> 'pg_restore' OR ${cores === 1} THEN RETURN id; END IF;
  PERFORM pg_advisory_lock(own);
  FOR attempt IN 1..400 LOOP
    IF EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = other) THEN RETURN id; END IF;
    PERFORM pg_sleep(0.05);
  END LOOP;
  RAISE EXCEPTION 'an index was built alone';
END $$;
CREATE TABLE met (id integer);
CREATE TABLE met_too (id integer);
INSERT INTO met VALUES (1);
INSERT INTO met_too VALUES (1);
CREATE INDEX met_one ON met (meet(id, 1, 2));
CREATE INDEX met_two ON met_too (meet(id, 2, 1));

CREATE MATERIALIZED VIEW a_top AS SELECT full_name, count(*) AS orders FROM customers JOIN orders ON customer_id = customers.id GROUP BY full_name;
CREATE MATERIALIZED VIEW a_of_top AS SELECT max(full_name) AS name FROM a_top;
CREATE MATERIALIZED VIEW idle AS SELECT 1 AS one WITH NO DATA;
CREATE VIEW emails AS SELECT email FROM customers;
CREATE SEQUENCE invoice_numbers;
SELECT setval('invoice_numbers', 4711);
CREATE SEQUENCE unused START 5;
GRANT SELECT ON orders TO app_team;
RESET ROLE;

CREATE TABLE "Odd ""Schema"."Tab.le 'x'" ("Col ""x"" \\y" text, "select" integer);
INSERT INTO "Odd ""Schema"."Tab.le 'x'" SELECT '${canary}' || n, n FROM generate_series(1, 10) n;
CREATE PUBLICATION all_of_it FOR ALL TABLES;
CREATE FUNCTION log_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER log_ddl ON ddl_command_end EXECUTE FUNCTION log_ddl();
CREATE FUNCTION log_login() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE LOG 'began with read only %', current_setting('default_transaction_read_only');
END $$;
CREATE EVENT TRIGGER log_login ON login EXECUTE FUNCTION log_login();
ANALYZE;
`;

const keep = { keep: 'says nothing about anybody' };
const policy = {
  tables: {
    'app.customers': {
      id: keep,
      email: { mask: 'email' },
      nick: { mask: 'username' },
      full_name: { mask: 'full_name' },
      phone: { mask: 'phone' },
      born: { mask: 'date' },
      aliases: { mask: 'full_name' },
      preferences: { mask: 'json', fields: { 'contact.email': 'email' } },
      seen: { mask: 'date' },
      limit_cents: { mask: 'number' },
      address: { mask: 'ip' },
      public_id: { mask: 'uuid' },
      status: keep,
      user: { mask: 'token' },
    },
    'app.orders': { id: keep, customer_id: keep, customer_email: { mask: 'email' }, total: keep },
    'app.staff': { id: keep, name: { mask: 'full_name' }, department: keep },
    'app.events': { at: keep, who: { mask: 'email' } },
    'app.parents': { id: keep, name: { mask: 'full_name' } },
    'app.children': { id: keep, name: { mask: 'full_name' }, toy: { mask: 'text' } },
    'app.sessions': { token: { mask: 'token' } },
    'app.nothing': {},
    'app.computed': {},
    'app.empty': { name: { mask: 'full_name' } },
    'app.written': { by: keep },
    'app.met': { id: keep },
    'app.met_too': { id: keep },
    'app.watched': { id: keep, word: { mask: 'shuffle' } },
    "Odd \"Schema.Tab.le 'x'": { 'Col "x" \\y': { mask: 'token' }, select: keep },
  },
};

const host = testHost();
const section = {
  service: 'db',
  name: 'shop',
  schema: 'app',
  owner: { role: 'app owner', password: 'new' },
  roles: [],
};
let production: TestPostgres;

function optionsFor(more: Partial<CaptureOptions> = {}): CaptureOptions {
  const volume = nameOf(host.installation, `snap-${randomBytes(4).toString('hex')}`);
  const labels = { 'greenroom.installation': host.installation, 'greenroom.test': '1' };
  return {
    host,
    source: { url: production.url('shop', { user: 'reader', password: 'reader' }) },
    policy,
    key: Buffer.alloc(32, 'k'),
    database: 'shop',
    schema: 'app',
    target: {
      image,
      container: `${volume}-capture`,
      containerLabels: labels,
      volume,
      volumeLabels: labels,
      mountTarget: '/var/lib/postgresql/data',
      pgdata: '/var/lib/postgresql/data',
      superuser: 'postgres',
      initdbArgs: undefined,
    },
    signal: new AbortController().signal,
    onProgress: () => {},
    ...more,
  };
}

before(async () => {
  // Temporary files of this process alone, so that none may be left in there.
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres({
    settings: {
      ...{ wal_level: 'logical', autovacuum: 'off' },
      ...{ log_statement: 'all', log_destination: 'jsonlog', logging_collector: 'on' },
    },
  });
  await production.createDatabase('shop', schema);
});

after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

describe('a captured snapshot', () => {
  let options: CaptureOptions;
  let report: CaptureReport;
  let stack: TestPostgres;
  let copy: pg.Client;
  let original: pg.Client;

  before(async () => {
    options = optionsFor();
    report = await unwritten(() => captureDatabase(options));
    const clone = `${options.target.volume}-clone`;
    await cloneVolume(host, options.target.volume, clone, options.target.volumeLabels);
    stack = await startPostgres({ volume: clone, password: 'stack' });
    await adoptClone({
      host,
      container: stack.container,
      facts: report.target,
      section,
      login: { user: 'postgres', password: 'stack' },
      signal: new AbortController().signal,
    });
    copy = await stack.connect('shop');
    original = await production.connect('shop');
    // What names print as depends on it.
    for (const session of [copy, original]) await session.query("SET search_path = ''");
  });

  after(async () => {
    await copy?.end();
    await original?.end();
    await stack?.remove();
  });

  const both = async (sql: string) => [(await original.query(sql)).rows, (await copy.query(sql)).rows] as const;

  test('has every row of every table', async () => {
    for (const table of [
      ...Object.keys(policy.tables),
      'app.events_2023',
      'app.events_rest',
      'app.a_top',
      'app.a_of_top',
    ]) {
      const [schemaName, name] = [table.slice(0, table.indexOf('.')), table.slice(table.indexOf('.') + 1)];
      const quoted = [schemaName, name].map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
      const [a, b] = await both(`SELECT count(*) FROM ONLY ${quoted}`);
      assert.deepEqual(b, a, table);
    }
    const reported = new Map(report.tables.map((table) => [table.name, table.rows]));
    assert.equal(reported.get('app.customers'), 501);
    assert.equal(reported.get('app.events_2023'), 214);
    assert.equal(reported.get('app.nothing'), 1);
  });

  test('has the same schema', async () => {
    const [a, b] = await both(`
      SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, a.attidentity
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN ('app', 'Odd "Schema') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2`);
    assert.deepEqual(b, a);
    const objects = `
      SELECT conname AS name, pg_get_constraintdef(oid) AS definition, conrelid::regclass::text AS of FROM pg_constraint WHERE connamespace = 'app'::regnamespace
      UNION ALL SELECT indexname, indexdef, tablename FROM pg_indexes WHERE schemaname = 'app'
      UNION ALL SELECT polname, pg_get_expr(polqual, polrelid), polroles::regrole[]::text FROM pg_policy
      UNION ALL SELECT tgname, pg_get_triggerdef(oid), '' FROM pg_trigger WHERE NOT tgisinternal
      UNION ALL SELECT relname, pg_get_userbyid(relowner), relacl::text FROM pg_class WHERE relnamespace = 'app'::regnamespace
      ORDER BY 1, 2, 3`;
    const [c, d] = await both(objects);
    assert.deepEqual(d, c);
  });

  test('joins, check constraints and unique constraints hold, and originals that were equal are equal', async () => {
    const joins =
      'SELECT count(*), count(DISTINCT o.customer_email) FROM app.orders o JOIN app.customers c ON c.id = o.customer_id AND c.email = o.customer_email';
    const [a, b] = await both(joins);
    assert.deepEqual(b, a);
    const across = 'SELECT count(*) FROM app.events e JOIN app.customers c ON c.email = e.who';
    const [c, d] = await both(across);
    assert.deepEqual(d, c);
    const inJson = "SELECT count(*) FROM app.customers WHERE preferences #>> '{contact,email}' = email";
    const [e, f] = await both(inJson);
    assert.deepEqual(f, e);
    const { rows } = await copy.query(
      'SELECT count(*) FROM app.orders o WHERE NOT EXISTS (SELECT FROM app.customers c WHERE c.id = o.customer_id)',
    );
    assert.equal(rows[0].count, '0');
  });

  test('NULLs, empty strings, array lengths, JSON structure, enums and kept columns are as they were', async () => {
    const [a, b] = await both(`
      SELECT id, status, phone IS NULL AS p, full_name = '' AS e, array_length(aliases, 1) AS l, array_position(aliases, NULL) AS n,
        aliases[4] AS last, preferences -> 'n' AS number, jsonb_typeof(preferences #> '{list,1}') AS t, preferences #> '{list,2}' AS yes,
        (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(preferences) k) AS keys, scale(limit_cents) AS scale, family(address) AS family
      FROM app.customers ORDER BY id`);
    assert.deepEqual(b, a);
    const [c, d] = await both('SELECT * FROM app.orders ORDER BY id');
    assert.deepEqual(
      d.map(({ id, customer_id, total }) => [id, customer_id, total]),
      c.map(({ id, customer_id, total }) => [id, customer_id, total]),
    );
  });

  test('generated columns and materialized views are computed from masked values', async () => {
    const { rows } = await copy.query(
      "SELECT count(*) FROM app.customers WHERE email_domain = split_part(email, '@', 2) AND search = to_tsvector('simple', full_name)",
    );
    assert.equal(rows[0].count, '501');
    const { rows: top } = await copy.query(
      'SELECT count(*) FROM app.a_top t WHERE NOT EXISTS (SELECT FROM app.customers c WHERE c.full_name = t.full_name)',
    );
    assert.equal(top[0].count, '0');
    const [a, b] = await both("SELECT relname, relispopulated FROM pg_class WHERE relkind = 'm' ORDER BY 1");
    assert.deepEqual(b, a);
  });

  test('sequences go on past where the source’s are, so that they count nothing', async () => {
    for (const [sequence, next] of [
      ['invoice_numbers', 4712],
      ['unused', 5],
      ['orders_id_seq', 1504],
      ['customers_id_seq', 502],
    ] as const) {
      const { rows } = await copy.query(`SELECT nextval('app.${sequence}')::int AS next`);
      assert.ok(rows[0].next > next && rows[0].next <= next + 100_001, `${sequence} ${rows[0].next}`);
    }
    assert.ok(report.sequences!.every(({ treatment }) => treatment === 'shifted'));
  });

  test('roles are there without their passwords, and the owner can log in with the stack’s', async () => {
    const { rows } = await copy.query(
      "SELECT rolname, rolcanlogin, rolpassword IS NULL AS none FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1",
    );
    assert.deepEqual(
      rows.map(({ rolname, rolcanlogin, none }) => `${rolname} ${rolcanlogin} ${none}`),
      ['app owner true false', 'app_team false true', 'postgres true false'],
    );
    const owner = await startSession(stack, 'app owner', 'new');
    const { rows: path } = await owner.query('SHOW search_path');
    assert.match(path[0].search_path, /^app/);
    await owner.end();
  });

  test('indexes were built beside one another: two that wait for each other are there', async () => {
    const { rows } = await copy.query(
      "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indisvalid AND indexrelid::regclass::text ~ '^app.met_' ORDER BY 1",
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['app.met_one', 'app.met_two'],
    );
  });

  test('is analysed', async () => {
    const { rows } = await copy.query(
      "SELECT count(*)::int AS columns FROM pg_stats WHERE schemaname = 'app' AND tablename = 'customers'",
    );
    assert.ok(rows[0].columns > 10);
  });

  test('is frozen: whoever reads it need not write to its pages, which a clone shares', async () => {
    const { rows } = await copy.query(
      `SELECT relname, relallvisible FROM pg_class WHERE relname IN ('customers', 'orders') AND relallvisible = relpages`,
    );
    assert.deepEqual(rows.map(({ relname }) => relname).sort(), ['customers', 'orders']);
    assert.ok(rows.every(({ relallvisible }) => relallvisible > 0));
  });

  test('no canary is anywhere in its bytes', async () => {
    for (const word of [canary, digits]) {
      const path = await pathInHelper(host, options.target.volume);
      const { stdout } = await runInHelper(host, ['grep', '-rlaiF', word, path]);
      assert.deepEqual(
        stdout
          .split('\n')
          .filter(Boolean)
          .map((file) => file.slice(path.length)),
        [],
        word,
      );
    }
    assert.ok(!JSON.stringify(report).includes(canary));
  });

  test('no canary is in what the schema says', async () => {
    const { rows } = await copy.query(`
      SELECT description AS text FROM pg_description UNION ALL SELECT array_to_string(srvoptions, ',') FROM pg_foreign_server
      UNION ALL SELECT array_to_string(umoptions, ',') FROM pg_user_mapping UNION ALL SELECT pubname FROM pg_publication
      UNION ALL SELECT evtname FROM pg_event_trigger`);
    assert.ok(!rows.some(({ text }) => String(text).includes(canary) || /^(all_of_it|log_ddl|log_login)$/.test(text)));
  });

  test('the report says what happened to every column, and holds no secret', () => {
    assert.equal(report.treatment, 'masked');
    const customers = report.tables.find(({ name }) => name === 'app.customers')!;
    assert.partialDeepStrictEqual(
      customers.columns.find(({ name }) => name === 'email'),
      { name: 'email', technique: 'email', rule: 'column' },
    );
    assert.partialDeepStrictEqual(
      customers.columns.find(({ name }) => name === 'status'),
      { name: 'status', technique: 'keep', rule: 'column', reason: keep.keep },
    );
    assert.equal(report.source.database, 'shop');
    assert.match(report.source.lsn, /^[0-9A-F]+\/[0-9A-F]+$/);
    assert.equal(report.target.postgresMajor, 17);
    assert.equal(report.target.schemaOwner, 'app owner');
    assert.ok(!JSON.stringify(report).includes(production.password));
  });

  test('the source is left as it was: no session', async () => {
    await noSessionLeft();
  });

  test('what the source itself runs while it is read can write nothing', async () => {
    assert.ok((await loggedOf('reader')).some(({ message }) => message === 'watched: could write nothing'));
    assert.deepEqual((await original.query('SELECT FROM app.written')).rows, []);
  });

  test('every session is read only before it does anything, and every transaction of it', async () => {
    await probeSource(options.source);
    await suggestForSource(options.source, undefined);
    await previewTable({ address: options.source, key: options.key, policy }, 'app.watched', 5);
    await noSessionLeft();
    const sessions = Map.groupBy(await loggedOf('reader'), ({ session_id: session }) => session);
    let [begunSo, madeSo] = [0, 0];
    for (const lines of sessions.values()) {
      const said = lines.map(({ message }) => message);
      assert.match(said[0]!, /^began with read only/, said.join('\n'));
      if (said[0] === 'began with read only on') begunSo++;
      else {
        madeSo++;
        // Whether it is a pooler is asked before anything is set.
        assert.match(said[1]!, /^(statement: |execute <unnamed>: )SELECT pg_catalog\.pg_backend_pid\(\) AS pid,/);
        assert.match(said[2]!, /^statement: SET default_transaction_read_only = on;/);
      }
      said.forEach((statement, index) => {
        assert.doesNotMatch(statement, /read_only\s*(=|TO)\s*(off|false|0)|READ WRITE/i);
        // pg_dump says so in a statement of its own.
        if (/\b(BEGIN|START TRANSACTION)\b/i.test(statement))
          assert.match(statement + said[index + 1]!, /(BEGIN ISOLATION LEVEL|SET TRANSACTION) [^;]* READ ONLY/);
      });
    }
    // pg_dump; who exports the snapshot, who copies rows, who probed, suggested and previewed.
    assert.ok(begunSo >= 1 && madeSo >= 5, `${begunSo} ${madeSo}`);
  });

  test('what its schema runs as superuser reaches nothing but its own files', async () => {
    const options = optionsFor();
    let status: ReturnType<typeof exec> | undefined;
    options.onProgress = (message) => {
      const command = ['grep', '-E', '^(CapBnd|CapEff|NoNewPrivs):', '/proc/1/status'];
      if (message === 'copying and masking rows') status ??= exec(host, options.target.container, { command });
    };
    await captureDatabase(options);
    const { stdout } = (await status)!;
    // CHOWN, DAC_OVERRIDE, FOWNER, SETGID and SETUID, for the entrypoint, and none once it is the user postgres.
    assert.match(stdout, /CapEff:\s+0{16}\nCapBnd:\s+0{14}cb\nNoNewPrivs:\s+1/);
  });

  test('another capture under the same key masks alike, under another key differently', async () => {
    const emails = async (key: Buffer) => {
      const again = optionsFor({ key });
      await captureDatabase(again);
      const server = await startPostgres({ volume: again.target.volume });
      const out = await server.run([
        'psql',
        '-XAtq',
        '-U',
        'postgres',
        '-d',
        'shop',
        '-c',
        'SELECT string_agg(email, $$,$$ ORDER BY id) FROM app.customers',
      ]);
      await server.remove();
      return out;
    };
    const { rows } = await copy.query("SELECT string_agg(email, ',' ORDER BY id) AS all FROM app.customers");
    assert.equal((await emails(Buffer.alloc(32, 'k'))).trim(), rows[0].all);
    assert.notEqual((await emails(Buffer.alloc(32, 'o'))).trim(), rows[0].all);
  });
});

/** What a login's sessions at the source have had logged so far. */
async function loggedOf(user: string): Promise<{ session_id: string; message: string }[]> {
  const log = await production.run(['sh', '-c', 'cat "$PGDATA"/log/*.json']);
  // What is behind the last newline is being written.
  const lines = log.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line)).filter((line) => line.user === user);
}

/**
 * Does work that may write nothing to the source: no transaction of the server gets an id, which one that writes needs,
 * and every table and catalog holds what it held.
 */
async function unwritten<T>(work: () => Promise<T>): Promise<T> {
  const client = await production.connect('shop');
  const held = async () => {
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind IN ('r', 'm') AND relispopulated ORDER BY 1",
    );
    const digests = tables.map(
      ({ name }) => `SELECT $$${name}$$ AS name, count(*), sum(hashtextextended(t::text, 0)) FROM ONLY ${name} t`,
    );
    const { rows } = await client.query<Record<string, unknown>>(digests.join(' UNION ALL '));
    const { rows: sequences } = await client.query('SELECT sequencename, last_value FROM pg_sequences ORDER BY 1');
    const { rows: next } = await client.query('SELECT pg_snapshot_xmax(pg_current_snapshot()) AS transaction');
    return [...rows, ...sequences, ...next];
  };
  try {
    const before = await held();
    assert.ok(before.length > 80);
    try {
      return await work();
    } finally {
      assert.deepEqual(await held(), before);
    }
  } finally {
    await client.end();
  }
}

/** Everything of this installation on the engine but its helper and the snapshots that tests above keep. */
async function leftOf(options: CaptureOptions): Promise<string[]> {
  const names = [options.target.container, options.target.volume];
  const containers = await docker.listContainers({ all: true });
  const { Volumes: volumes } = await docker.listVolumes();
  const present = [...containers.map(({ Names }) => Names[0]!.slice(1)), ...volumes.map(({ Name }) => Name)];
  return [...names.filter((name) => present.includes(name)), ...(await relayFolders())];
}

const relayFolders = async () => readdir(tmpdir());

async function refusedWith(options: CaptureOptions): Promise<Problem> {
  const problem = await unwritten(() => captureDatabase(options)).then(
    () => assert.fail('it should have been refused'),
    (error) => error as Problem,
  );
  assert.equal(problem.name, 'Problem', String(problem));
  const said = JSON.stringify(problem.toDocument()) + inspect(problem, { depth: 5 });
  for (const secret of ['s3cr3t', canary, digits]) assert.ok(!said.includes(secret), `${secret} in ${said}`);
  assert.deepEqual(await leftOf(options), []);
  await noSessionLeft();
  return problem;
}

describe('a capture that cannot be', () => {
  const login = (user: string, password = 's3cr3t') => ({
    source: { url: production.url('shop', { user, password }) },
  });
  const withPolicy = (table: string, columns: Record<string, object>) => ({
    policy: {
      tables: { ...policy.tables, [table]: { ...(policy.tables as Record<string, object>)[table], ...columns } },
    },
  });

  before(async () => {
    await production.run(
      ['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', 'shop', '-f', '-'],
      `CREATE ROLE weak LOGIN PASSWORD 's3cr3t' BYPASSRLS; GRANT USAGE ON SCHEMA app, "Odd ""Schema" TO weak;
       GRANT SELECT ON ALL TABLES IN SCHEMA app, "Odd ""Schema" TO weak; GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO weak; REVOKE SELECT ON app.orders FROM weak;
       CREATE ROLE blind LOGIN PASSWORD 's3cr3t' IN ROLE pg_read_all_data;`,
    );
  });

  test('wrong password, no such user, no such database', async () => {
    assert.equal((await refusedWith(optionsFor(login('reader', 's3cr3t')))).code, 'source-refused');
    assert.equal((await refusedWith(optionsFor(login('nobody')))).code, 'source-refused');
    const database = { source: { url: production.url('nowhere', { user: 'reader', password: 'reader' }) } };
    assert.equal((await refusedWith(optionsFor(database))).code, 'source-refused');
  });

  test('nothing listens, no such host', async () => {
    const closed = await refusedWith(optionsFor({ source: { url: 'postgres://u:s3cr3t@127.0.0.1:1/shop' } }));
    assert.equal(closed.code, 'source-unreachable');
    assert.match(closed.message, /127\.0\.0\.1:1/);
    const unknown = await refusedWith(optionsFor({ source: { url: 'postgres://u:s3cr3t@no-such-host.invalid/shop' } }));
    assert.equal(unknown.code, 'source-unreachable');
  });

  test('a table the login may not read, named before anything is started', async () => {
    const problem = await refusedWith(optionsFor(login('weak')));
    assert.equal(problem.code, 'source-refused');
    assert.deepEqual(
      problem.errors?.map(({ where }) => where),
      ['app.orders'],
    );
  });

  test('row security that would hide rows', async () => {
    const problem = await refusedWith(optionsFor(login('blind')));
    assert.equal(problem.code, 'source-refused');
    assert.deepEqual(
      problem.errors?.map(({ where }) => where),
      ['app.staff'],
    );
    assert.match(problem.errors![0]!.remedy!, /BYPASSRLS/);
  });

  test('a column that is not classified', async () => {
    const { phone: _, ...columns } = policy.tables['app.customers'];
    const problem = await refusedWith(
      optionsFor({ policy: { tables: { ...policy.tables, 'app.customers': columns } } }),
    );
    assert.equal(problem.code, 'policy-incomplete');
    assert.deepEqual(
      problem.errors?.map(({ where }) => where),
      ['app.customers.phone'],
    );
  });

  test('no key', async () => {
    assert.equal((await refusedWith(optionsFor({ key: Buffer.alloc(16) }))).code, 'policy-invalid');
  });

  test('a masked value that a check forbids: the table and constraint are named, no value is', async () => {
    const problem = await refusedWith(
      optionsFor(withPolicy('app.customers', { email: { mask: 'token' }, nick: { mask: 'constant', value: 'x' } })),
    );
    assert.equal(problem.code, 'policy-invalid', 'a constant in a unique column');
    const check = await refusedWith(optionsFor(withPolicy('app.customers', { email: { mask: 'text' } })));
    assert.equal(check.code, 'capture-failed');
    assert.equal(check.where, 'app.customers.email');
  });

  for (const moment of ['starting', 'schema', 'masking', 'indexes', 'analyzing']) {
    test(`cancelled while ${moment}: nothing is left, here or on the source`, async () => {
      const controller = new AbortController();
      const reason = new Error('cancelled by the test');
      const options = optionsFor({
        signal: controller.signal,
        onProgress: (message) => {
          if (message.includes(moment)) setTimeout(() => controller.abort(reason), 20);
        },
      });
      await assert.rejects(
        unwritten(() => captureDatabase(options)),
        (error) => error === reason || /cancel/i.test(String(error)),
      );
      assert.deepEqual(await leftOf(options), []);
      await noSessionLeft();
    });
  }

  test('the source goes away in the middle', async () => {
    let cut: Promise<unknown> | undefined;
    const sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'reader'";
    const options = optionsFor({
      onProgress: (message) => {
        if (!message.startsWith('copying and masking')) return;
        cut ??= production.run(['psql', '-XqAt', '-U', 'postgres', '-d', 'shop', '-c', sql]);
      },
    });
    await assert.rejects(
      unwritten(() => captureDatabase(options)),
      { name: 'Problem' },
    );
    await cut;
    assert.deepEqual(await leftOf(options), []);
    await noSessionLeft();
  });
});

async function startSession(server: TestPostgres, user: string, password: string): Promise<pg.Client> {
  const client = new pg.Client({ host: server.address, user, password, database: 'shop' });
  await client.connect();
  return client;
}

async function noSessionLeft(): Promise<void> {
  const client = await production.connect('shop');
  try {
    for (let attempt = 0; ; attempt++) {
      const { rows } = await client.query(
        "SELECT application_name, state, query FROM pg_stat_activity WHERE usename = 'reader' OR application_name LIKE 'greenroom%'",
      );
      if (rows.length === 0) return;
      if (attempt > 20) assert.deepEqual(rows, []);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await client.end();
  }
}
