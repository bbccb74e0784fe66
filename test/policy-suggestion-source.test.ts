import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { type CaptureOptions, captureDatabase } from '../services/snapshots/capture/capture.ts';
import { previewTable } from '../services/sources/preview.ts';
import { probeSource } from '../services/sources/probe.ts';
import { suggestForSource } from '../services/sources/suggestion.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { until } from './support/service.ts';
import { captureOf, noSessionLeft, reader, refusal } from './support/source.ts';

const canary = 'qxkanarivz';
const digits = '90713842';

/** What makes a sample hard to take, and values hard to tell. */
const schema = `
CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data;
CREATE EXTENSION citext;
CREATE SCHEMA app;
CREATE SCHEMA "Odd ""Schema";
SET search_path = app, public;
CREATE TYPE mood AS ENUM ('glad', '${canary}');
CREATE DOMAIN mail AS varchar(80) CHECK (VALUE LIKE '%@%');

CREATE TABLE people (
  id bigint PRIMARY KEY, email mail UNIQUE, nick citext, "full name" text, kinfolk text[], mood mood,
  profile jsonb, by_mail jsonb, notes text, seen inet, photo bytea, born date, "constructor" text, "__proto__" text,
  search tsvector GENERATED ALWAYS AS (to_tsvector('simple', "full name")) STORED
);
INSERT INTO people SELECT n, '${canary}' || n || '@mail.example', '${canary}' || n, 'Anna ${canary}' || n, ARRAY['${canary}' || n || '@mail.example', NULL], 'glad',
  jsonb_build_object('contact', jsonb_build_object('email', '${canary}' || n || '@mail.example'), '${canary}' || n, true, 'tel', ${digits}000 + n),
  jsonb_build_object('${canary}' || n || '@mail.example', n), 'write to ${canary}' || n || '@mail.example or call +49 ${digits} ' || n, '2001:db8::1'::inet + n, '\\x00ff', '1950-01-01'::date + n * 30,
  '${canary}@mail.example', 'item'
FROM generate_series(1, 300) n;

CREATE TABLE events (at date NOT NULL, who text, note text) PARTITION BY RANGE (at);
CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE events_rest (note text, who text, at date NOT NULL);
ALTER TABLE events ATTACH PARTITION events_rest DEFAULT;
INSERT INTO events SELECT '2023-06-01'::date + n, '${canary}' || n || '@mail.example', NULL FROM generate_series(0, 400) n;

CREATE TABLE large (id integer PRIMARY KEY, mail text, filling text);
ALTER TABLE large ALTER filling SET STORAGE PLAIN;
INSERT INTO large SELECT n, '${canary}' || n || '@mail.example', repeat('filling ', 120) FROM generate_series(1, 20000) n;
CREATE TABLE heavy (id integer PRIMARY KEY, body text, mail text);
INSERT INTO heavy SELECT n, (SELECT string_agg(md5(n || '-' || m), '') FROM generate_series(1, 100000) m), 'x@${canary}.example' FROM generate_series(1, 3) n;
CREATE TABLE wide (${Array.from({ length: 900 }, (_, index) => `c${index} text`).join(', ')});
INSERT INTO wide (c0, c899) SELECT 'x', '${canary}' || n || '@mail.example' FROM generate_series(1, 60) n;
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
CREATE TABLE empty (email text, code text);
CREATE TABLE settings (value text, remark text, doc jsonb);
INSERT INTO settings SELECT key, 'said ' || key || ' once', jsonb_build_object('a', jsonb_build_object('value', jwt)) FROM generate_series(1, 60) n,
  concat('sk_', 'live_${canary}', md5(n::text)) key, concat('eyJhbGciOiJIUzI1NiJ9', '.eyJ${canary}', md5(n::text), '.', md5('s' || n)) jwt;
CREATE TABLE "Odd ""Schema"."Tab.le 'x'" ("Col ""x"" \\y" text, "select" integer);
INSERT INTO "Odd ""Schema"."Tab.le 'x'" SELECT '${canary}' || n || '@mail.example', n FROM generate_series(1, 10) n;
ANALYZE;
`;

const host = testHost();
let production: TestPostgres;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres({ settings: { log_statement: 'all' } });
  await production.createDatabase('shop', schema);
});

after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const source = () => ({ url: production.url('shop', reader) });
type Tables = Record<string, Record<string, object>>;

test('a suggestion for what is hard to sample, completed, captures; no value is said, nothing is left', async () => {
  const { policy, proposals, unclassified, tables } = await suggestForSource(source(), undefined);
  const said = JSON.stringify({ policy, proposals, unclassified, tables });
  for (const word of [canary, digits, 'filling ', 'mail.example']) assert.ok(!said.includes(word), word);
  const ruleOf = (table: string, column: string) =>
    proposals.find((one) => one.table === table && one.column === column)?.rule;
  assert.deepEqual(ruleOf('app.people', 'email'), { mask: 'email' });
  assert.deepEqual(ruleOf('app.people', 'kinfolk'), { mask: 'email' });
  assert.deepEqual(ruleOf('app.people', 'full name'), { mask: 'full_name' });
  assert.deepEqual(ruleOf('app.people', 'constructor'), { mask: 'email' });
  assert.deepEqual(ruleOf('app.people', 'notes'), { mask: 'text' });
  assert.deepEqual(ruleOf('app.people', 'seen'), { mask: 'ip' });
  assert.equal(ruleOf('app.people', 'search'), undefined);
  assert.deepEqual(ruleOf('app.people', 'profile'), {
    mask: 'json',
    fields: { 'contact.email': 'email', tel: 'phone' },
  });
  assert.deepEqual(ruleOf('app.events', 'who'), { mask: 'email' });
  assert.ok('keep' in ruleOf('app.events', 'at')!);
  assert.deepEqual(ruleOf('app.large', 'mail'), { mask: 'email' });
  assert.deepEqual(ruleOf('app.heavy', 'mail'), { mask: 'email' });
  assert.deepEqual(ruleOf('app.wide', 'c899'), { mask: 'email' });
  assert.deepEqual(ruleOf('app.empty', 'email'), { mask: 'email' });
  assert.deepEqual(ruleOf('app.settings', 'value'), { mask: 'token' });
  assert.deepEqual(ruleOf('app.settings', 'remark'), { mask: 'text' });
  assert.deepEqual(ruleOf('app.settings', 'doc'), { mask: 'json', fields: { 'a.value': 'token' } });
  assert.deepEqual(ruleOf("Odd \"Schema.Tab.le 'x'", 'Col "x" \\y'), { mask: 'email' });
  const byMail = ruleOf('app.people', 'by_mail');
  assert.ok(byMail === undefined || byMail.keys === 'email');

  const completed = structuredClone(policy.tables) as unknown as Tables;
  for (const { table, column } of unclassified) {
    completed[table] ??= {};
    Object.defineProperty(completed[table], column, {
      value: { keep: 'a person said so' },
      ...{ enumerable: true, writable: true },
    });
  }
  // A nick is a key of everybody's profile: kept, the audit would find it there.
  Object.assign(completed['app.people']!.profile!, { keys: 'token' });
  completed['app.people']!.by_mail = { mask: 'null' };
  completed['app.people']!.photo = { mask: 'null' };
  const options = captureOf(host, source(), { policy: { tables: completed } });
  const report = await captureDatabase(options);
  assert.equal(report.tables.find(({ name }) => name === 'app.people')!.rows, 300);
  await noSessionLeft(production);
  assert.deepEqual(await readdir(tmpdir()), []);
  await assertShown(options);
});

/** What a preview shows is what the snapshot holds. */
async function assertShown({ policy, key, target: { volume } }: CaptureOptions): Promise<void> {
  const { columns, rows } = await previewTable({ address: source(), key, policy }, 'app.people', 50);
  const snapshot = await startPostgres({ volume });
  try {
    const list = columns.map(({ name }) => `"${name}"`).join(', ');
    const query = `SELECT json_agg(json_build_array(${list})) FROM (SELECT * FROM app.people LIMIT 50) p`;
    const held = JSON.parse(
      await snapshot.run(['psql', '-XqAtU', 'postgres', '-d', 'shop', '-c', query]),
    ) as unknown[][];
    const at = (name: string) => columns.findIndex((column) => column.name === name);
    assert.equal(held.length, 50);
    for (const name of ['email', 'nick', 'full name', 'notes', 'seen', 'born', '__proto__']) {
      const shown = rows.map((row) => row[at(name)]);
      assert.deepEqual(
        shown,
        held.map((row) => row[at(name)]),
        name,
      );
    }
  } finally {
    await snapshot.remove();
  }
}

test('a large table is sampled here and there, a large value is not fetched, and everything within one moment', async () => {
  const before = (await production.log()).length;
  const { tables } = await suggestForSource(source(), undefined);
  const rowsOf = (name: string) => tables.find((table) => table.name === name)!.rows;
  assert.ok(rowsOf('app.large') > 200 && rowsOf('app.large') <= 2000, String(rowsOf('app.large')));
  assert.equal(rowsOf('app.heavy'), 3);
  assert.equal(rowsOf('app.people'), 300);
  const statements = (await production.log()).slice(before);
  assert.match(statements, /BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY/);
  assert.match(statements, /"large" TABLESAMPLE SYSTEM/);
  assert.match(statements, /SET statement_timeout = 5000/);
  assert.ok(!/"people" TABLESAMPLE/.test(statements));
});

test('a table is let go of once it has been sampled: others that are sampled after it hold up no ALTER TABLE of it', async () => {
  const other = await production.connect('shop');
  try {
    const suggesting = suggestForSource(
      { ...source(), limits: { lockTimeoutMs: 200, megabytesPerSecond: 1 } },
      undefined,
    );
    const isSampling = `SELECT relation::regclass::text AS name FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE usename = 'reader' AND relation::regclass::text LIKE 'app.%'`;
    let held: string[] = [];
    await until(async () => {
      held = (await other.query<{ name: string }>(isSampling)).rows.map(({ name }) => name);
      return held.includes('app.large');
    });
    await suggesting;
    assert.deepEqual(
      held.filter((name) => !/^app\.large/.test(name)),
      [],
    );
  } finally {
    await other.end();
  }
});

test('a table that is not to be read, or locked meanwhile, is judged by its names, and said so', async () => {
  const other = await production.connect('shop');
  try {
    await other.query(`CREATE ROLE poor LOGIN PASSWORD 'poor'; GRANT USAGE ON SCHEMA app TO poor;
      GRANT SELECT ON app.events, app.events_2023, app.events_rest, app.large, app.wide TO poor`);
    const address = { url: production.url('shop', { user: 'poor', password: 'poor' }) };
    const limits = { lockTimeoutMs: 200, megabytesPerSecond: 1 };
    const suggesting = suggestForSource({ ...address, limits }, undefined);
    const isSampling = `SELECT FROM pg_stat_activity WHERE usename = 'poor' AND query LIKE 'FETCH%'`;
    await until(async () => (await other.query(isSampling)).rowCount === 1);
    await other.query('BEGIN; LOCK TABLE app.wide IN ACCESS EXCLUSIVE MODE');
    const { tables, proposals } = await suggesting;
    const noteOf = (name: string) => tables.find((table) => table.name === name)!.note;
    assert.match(noteOf('app.wide')!, /lock timeout/);
    assert.match(noteOf('app.people')!, /may not SELECT/);
    assert.equal(noteOf('app.large'), undefined);
    const email = proposals.find(({ table, column }) => table === 'app.people' && column === 'email')!;
    assert.deepEqual(email.rule, { mask: 'email' });
    assert.ok(email.confidence < 0.6);
  } finally {
    await other.query('ROLLBACK');
    await other.end();
  }
});

test('a table that somebody has locked before holds up nothing but its own sample', async () => {
  const other = await production.connect('shop');
  try {
    await other.query('BEGIN; LOCK TABLE app.large, app.empty IN ACCESS EXCLUSIVE MODE');
    const probe = await probeSource(source());
    const { sizeBytes } = probe.tables.find(({ name }) => name === 'app.large')!;
    assert.ok(sizeBytes > 20_000_000, `its pages when it was last analyzed: ${sizeBytes}`);
    const { tables, proposals } = await suggestForSource(source(), undefined);
    for (const name of ['app.large', 'app.empty'])
      assert.match(tables.find((table) => table.name === name)!.note!, /lock timeout/, name);
    assert.equal(tables.find(({ name }) => name === 'app.people')!.note, undefined);
    const mail = proposals.find(({ table, column }) => table === 'app.large' && column === 'mail')!;
    assert.deepEqual(mail.rule, { mask: 'email' });
    const keep = { keep: 'public' };
    const policy = {
      tables: { 'app.empty': { email: keep, code: keep }, 'app.settings': { value: keep, remark: keep, doc: keep } },
    };
    const shown = await previewTable({ address: source(), key: Buffer.alloc(32, 'k'), policy }, 'app.settings', 5);
    assert.equal(shown.rows.length, 5);
  } finally {
    await other.query('ROLLBACK');
    await other.end();
  }
});

test('of a source that names its schemas nothing else is suggested, sampled or previewed', async () => {
  const chosen = { ...source(), schemas: ['Odd "Schema'] };
  const odd = `Odd "Schema.Tab.le 'x'`;
  const { tables, proposals, unclassified } = await suggestForSource(chosen, undefined);
  assert.deepEqual(
    tables.map(({ name }) => name),
    [odd],
  );
  assert.ok([...proposals, ...unclassified].every(({ table }) => table === odd));
  const keep = { keep: 'public' };
  const policy = {
    tables: { [odd]: { 'Col "x" \\y': { mask: 'email' }, select: keep }, 'app.empty': { email: keep, code: keep } },
  };
  const preview = (table: string) => previewTable({ address: chosen, key: Buffer.alloc(32, 'k'), policy }, table, 5);
  assert.equal((await preview(odd)).rows.length, 5);
  const problem = await refusal(preview('app.empty'));
  assert.deepEqual([problem.code, problem.where], ['not-found', 'app.empty']);
});

test('a preview shows no value of a column that is shuffled or drawn from, and reads none but its rows', async () => {
  const keep = { keep: 'public' };
  const shuffle = { mask: 'shuffle' };
  const key = Buffer.alloc(32, 'k');
  const own = { mask: 'randomise', values: 'own' };
  const policy = { tables: { 'app.large': { id: shuffle, mail: own, filling: { mask: 'constant', value: 'x' } } } };
  const { columns, rows } = await previewTable({ address: source(), key, policy }, 'app.large', 5);
  assert.deepEqual(rows, Array(5).fill(['(shuffled)', '(drawn)', 'x']));
  assert.deepEqual(
    columns.map(({ technique, values, changed }) => [technique, values, changed]),
    [
      ['shuffle', 5, 5],
      ['randomise', 5, 5],
      ['constant', 5, 5],
    ],
  );
  const pooled = { tables: { 'app.empty': { email: shuffle, code: keep } } };
  assert.deepEqual((await previewTable({ address: source(), key, policy: pooled }, 'app.empty', 5)).rows, []);
});

test('a preview of partitions, odd names, large values and tables without columns', async () => {
  const key = Buffer.alloc(32, 'k');
  const email = { mask: 'email' };
  const keep = { keep: 'public' };
  const policy = {
    tables: {
      'app.events': { at: keep, who: email, note: { mask: 'text' } },
      'app.heavy': { id: keep, body: { mask: 'token' }, mail: email },
      'app.large': { id: keep, mail: email, filling: keep },
      'app.nothing': {},
      "Odd \"Schema.Tab.le 'x'": { 'Col "x" \\y': email, select: keep },
    },
  };
  const preview = (table: string, rows = 50) => previewTable({ address: source(), key, policy }, table, rows);
  const events = await preview('app.events');
  assert.equal(events.rows.length, 50);
  assert.ok(
    events.rows.every(
      ([at, who, note]) => /^2023-|^2024-/.test(at!) && /@example\.(com|net|org)$/.test(who!) && note === null,
    ),
  );
  const odd = await preview("Odd \"Schema.Tab.le 'x'", 10);
  assert.equal(odd.rows.length, 10);
  assert.deepEqual(
    odd.columns.map(({ changed }) => changed),
    [10, 0],
  );
  // Three rows of three megabytes each, which are passed over.
  assert.deepEqual((await preview('app.heavy')).rows, []);
  assert.equal((await preview('app.large')).rows.length, 50);
  assert.deepEqual((await preview('app.nothing')).rows, [[]]);
  const said = JSON.stringify([events, odd]);
  assert.ok(!said.includes(canary));
  const problem = await refusal(preview('app.events_2023'));
  assert.deepEqual([problem.code, problem.where], ['not-found', 'app.events_2023']);
  await noSessionLeft(production);
});
