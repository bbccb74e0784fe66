import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import type { Operation } from '../examples/demo/client.ts';
import type { MaskingReport, Problem, Snapshot } from '../openapi/aliases.ts';
import { fingerprintOfSchema, readSchema } from '../services/database/schema.ts';
import { nameOf } from '../services/engine/labels.ts';
import { checkIntegrity, readConstraints } from '../services/snapshots/audit/integrity.ts';
import { countColumns } from '../services/snapshots/report/count.ts';
import { reportHash } from '../services/snapshots/report/render/summary.ts';
import { docker, startPostgres, type TestPostgres } from './support/postgres.ts';
import { startService, type TestService } from './support/service.ts';

const hostile = '<script>alert(1)</script>"|';
const quoted = `"${hostile.replaceAll('"', '""')}"`;
const people = 400;
const logins = 3000;

const schema = `
CREATE ROLE reader LOGIN PASSWORD 'r3ad3r' BYPASSRLS IN ROLE pg_read_all_data;
CREATE SCHEMA app;
CREATE TABLE app.people (
  id integer PRIMARY KEY, name text NOT NULL, born date, postcode text, gender text, tags text[], doc json, nothing text,
  initial text GENERATED ALWAYS AS (left(name, 1)) STORED
);
INSERT INTO app.people
SELECT n, 'Person ' || n % 150, CASE WHEN n % 50 <> 0 THEN '1980-01-01'::date + n * n % 7 END, 'P' || n % 3, CASE WHEN n % 2 = 0 THEN 'f' ELSE 'm' END,
  ARRAY['a', NULL], CASE WHEN n % 4 <> 0 THEN json_build_object('n', n % 10) END, NULL
FROM generate_series(1, ${people}) n;
CREATE TABLE app.${quoted} (${quoted} text);
INSERT INTO app.${quoted} VALUES ('x'), ('x'), (NULL);
CREATE TABLE app.visits (at date NOT NULL, who integer) PARTITION BY RANGE (at);
CREATE TABLE app.visits_old PARTITION OF app.visits FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE app.visits_new PARTITION OF app.visits DEFAULT;
INSERT INTO app.visits SELECT '2020-12-01'::date + n, n % 4 FROM generate_series(1, 60) n;
CREATE TABLE app.empty (name text);
CREATE MATERIALIZED VIEW app.initials AS SELECT initial, count(*) FROM app.people GROUP BY 1;
CREATE UNIQUE INDEX by_name ON app.people (name, id) WHERE id > 0;
CREATE TABLE app.logins (login text NOT NULL UNIQUE, mail text NOT NULL);
INSERT INTO app.logins SELECT 'login' || n, 'mail' || n || '@shop.test' FROM generate_series(1, ${logins}) n;
CREATE UNIQUE INDEX ON app.logins (mail) WHERE login > 'login';
CREATE EXTENSION citext SCHEMA app;
COMMENT ON FUNCTION app.citextin(cstring) IS 'of the extension';
COMMENT ON TABLE app.people IS 'of people';
COMMENT ON COLUMN app.people.name IS 'of people';
SELECT lo_create(0);
CREATE PUBLICATION everything FOR ALL TABLES;
ANALYZE;
`;

const keep = { keep: 'says nothing about anybody' };
const quasiIdentifier = ['born', 'postcode', 'gender'];
const policy = {
  owner: 'Dana',
  tables: {
    'app.people': {
      ...{ id: keep, name: { mask: 'full_name' }, born: { mask: 'date', days: 900 }, postcode: { mask: 'postcode' } },
      ...{
        gender: keep,
        tags: keep,
        doc: { mask: 'json', fields: { n: { keep: 'a number' } } },
        nothing: { mask: 'text' },
      },
    },
    [`app.${hostile}`]: { [hostile]: { mask: 'text' } },
    'app.visits': { at: { ...keep, owner: 'Kim' }, who: keep },
    'app.empty': { name: { mask: 'text' } },
    'app.logins': { login: { mask: 'username' }, mail: { mask: 'email' } },
  },
  quasiIdentifiers: {
    'app.people': [quasiIdentifier, { columns: ['gender', 'doc'], atLeast: 1 }],
    'app.visits': [['who']],
    'app.empty': [{ columns: ['name'], atLeast: 9 }],
  },
};
const compose = `services:
  db: { image: "postgres:17", environment: { POSTGRES_PASSWORD: secret }, volumes: [data:/var/lib/postgresql/data] }
volumes: { data: {} }
x-greenroom: { database: { service: db, name: shop, schema: app } }
`;

let service: TestService;
let production: TestPostgres;
let snapshot: string;
let operation: string;
let report: MaskingReport;
let result: TestPostgres;
let copy: pg.Client;

const capture = () => service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'production' });
const volumeOf = (id: string) => nameOf(service.installation, id);
const get = (query: string, accept?: string) =>
  fetch(`${service.url}/v1/snapshots/${snapshot}/report${query}`, {
    headers: { Authorization: `Bearer ${service.token}`, ...(accept === undefined ? {} : { Accept: accept }) },
  });

before(async () => {
  [service, production] = await Promise.all([startService(), startPostgres()]);
  await production.createDatabase('shop', schema);
  await service.call('POST', '/v1/projects', { name: 'shop', bundle: { files: { 'compose.yaml': compose } } });
  const url = production.url('shop', { user: 'reader', password: 'r3ad3r' });
  await service.call('POST', '/v1/projects/shop/sources', { name: 'production', url, policy });
  const asked = await capture();
  operation = asked.id;
  snapshot = (await service.follow(asked)).subject;
  report = (await (await get('')).json()) as MaskingReport;
  result = await startPostgres({ volume: volumeOf(snapshot), password: 'own' });
  await result.run(['psql', '-Xq', '-U', 'postgres', '-c', "ALTER ROLE postgres PASSWORD 'own'"]);
  copy = await result.connect('shop');
});

after(async () => {
  await copy?.end();
  await result?.remove();
  await production?.remove();
  await service?.remove();
});

const tableIn = (name: string) => report.tables.find((table) => table.name === name)!;
const columnIn = (table: string, name: string) => tableIn(table).columns.find((column) => column.name === name)!;

test('it says where the data comes from, and the schema’s fingerprint is the one of rehearsals', async () => {
  const { source, schemaFingerprint } = report;
  assert.equal(source.login, 'reader');
  assert.equal(source.server, `${production.address}:5432`);
  assert.deepEqual(source.tls, { mode: 'disable' });
  assert.equal(source.ssh, undefined);
  const original = await production.connect('shop');
  assert.equal(schemaFingerprint, fingerprintOfSchema(await readSchema(original)));
  await original.end();
  assert.doesNotMatch(JSON.stringify(report), /r3ad3r/);
});

test('somebody answers for everything that is kept: whoever its rule names, else the policy', () => {
  const kept = report.tables.flatMap(({ columns }) => columns).filter(({ technique }) => technique === 'keep');
  assert.ok(kept.length > 4);
  for (const { name, owner } of kept) assert.equal(owner, name === 'at' ? 'Kim' : 'Dana', name);
  const { keptParts } = columnIn('app.people', 'doc');
  assert.deepEqual(new Set(keptParts!.map(({ owner }) => owner)), new Set(['Dana']));
});

test('NULLs and different values are those of the result, generated columns and types without equality too', async () => {
  const names = ['id', 'name', 'born', 'postcode', 'gender', 'tags', 'doc', 'nothing', 'initial'];
  for (const name of names) {
    const { rows } = await copy.query<{ nulls: number; distinct: number }>(
      `SELECT (SELECT count(*)::int FROM app.people WHERE ${name} IS NULL) AS nulls,
         (SELECT count(*)::int FROM (SELECT ${name}::text FROM app.people WHERE ${name} IS NOT NULL GROUP BY 1) g) AS distinct`,
    );
    const { nulls, distinctOut } = columnIn('app.people', name);
    assert.deepEqual(nulls, { count: rows[0]!.nulls, exact: true }, name);
    assert.deepEqual(distinctOut, { count: rows[0]!.distinct, exact: true }, name);
  }
  assert.equal(columnIn('app.people', 'gender').distinctIn!.count, 2);
  assert.deepEqual(columnIn(`app.${hostile}`, hostile).nulls, { count: 1, exact: true });
  assert.equal(columnIn('app.people', 'initial').technique, 'computed');
  assert.equal(tableIn('app.visits_old').partitionOf, 'app.visits');
  assert.equal(columnIn('app.people', 'nothing').risk!.singlingOut.level, 'none');
  assert.equal(columnIn('app.people', 'id').risk!.singlingOut.level, 'high');
});

test('of tables that are too large to be read again the counts are estimates that say so', async () => {
  const columns = ['id', 'name', 'gender', 'nothing', 'doc'];
  const counts = await countColumns(
    [copy],
    [{ schema: 'app', name: 'people', rows: people, columns }],
    new AbortController().signal,
    0,
  );
  const of = counts.get('app.people')!;
  const none = { count: 0, exact: true };
  assert.deepEqual(of.get('id'), { nulls: none, distinct: { count: people, exact: true }, unique: true });
  assert.deepEqual(of.get('name')!.nulls, none, 'it is NOT NULL');
  assert.deepEqual(of.get('gender'), { nulls: { count: 0, exact: false }, distinct: { count: 2, exact: false } });
  assert.deepEqual(of.get('nothing'), { nulls: { count: people, exact: false } });
  assert.equal(of.get('name')!.distinct!.exact, false);
  assert.equal(of.get('doc')!.distinct, undefined, 'the planner counts no json');
});

test('the smallest group over quasi-identifiers is the one that counting beside each row gives', async () => {
  const groupOf = (table: string, columns: string[]) =>
    report.groups!.find((one) => one.table === table && one.columns.join() === columns.join())!;
  for (const [table, columns] of [
    ['app.people', quasiIdentifier],
    ['app.visits', ['who']],
  ] as const) {
    const { rows } = await copy.query<{ smallest: number; few: number; rows: number }>(
      `SELECT min(n)::int AS smallest, count(*) FILTER (WHERE n < 5)::int AS few, count(*)::int AS rows
       FROM (SELECT count(*) OVER (PARTITION BY ${columns.join(', ')}) AS n FROM ${table}) counted`,
    );
    const { smallest, rowsInSmallGroups, rows: all } = groupOf(table, [...columns]);
    assert.deepEqual({ smallest, few: rowsInSmallGroups, rows: all }, rows[0], table);
  }
  const { rowsInSmallGroups } = groupOf('app.people', quasiIdentifier);
  assert.ok(rowsInSmallGroups > 0 && rowsInSmallGroups < people, 'some rows are in small groups, not all');
  assert.equal(groupOf('app.people', ['gender', 'doc']).atLeast, 1, 'json, which has no equality, too');
  const { smallest, rows, groups } = groupOf('app.empty', ['name']);
  assert.deepEqual([smallest, rows, groups], [0, 0, 0], 'nobody is in a table without rows');
});

test('what was left out is counted, and what is computed anew is named', () => {
  const left = Object.fromEntries(report.leftOut!.map(({ what, count }) => [what, count]));
  assert.deepEqual(left, { comments: 2, 'large objects': 1, publications: 1 });
  assert.deepEqual(report.materializedViews, ['app.initials']);
});

test('a constraint and its index are one, and what the index lacks the constraint does', async () => {
  const { checked, notValid } = report.audit!.constraints;
  // Two primary and unique keys, each with an index, and two indexes of their own.
  assert.deepEqual({ checked, notValid }, { checked: 4, notValid: [] });
  await copy.query('BEGIN');
  const there = await readConstraints(copy);
  await copy.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.people_pkey'::regclass`);
  const broken = await readConstraints(copy);
  await copy.query('ROLLBACK');
  const rows = { expected: new Map(), found: new Map(), countedFor: new Map([['app.people', 'app.people']]) };
  assert.equal(checkIntegrity(there, there, rows).checked, 2);
  assert.throws(() => checkIntegrity(there, broken, rows), { where: 'app.people (people_pkey)' });
});

test('how many different originals a unique column had is known, of others it is estimated', () => {
  const { distinctIn, distinctOut } = columnIn('app.logins', 'login');
  assert.deepEqual([distinctIn, distinctOut], Array(2).fill({ count: logins, exact: true }));
  const { distinctIn: estimated } = columnIn('app.logins', 'mail');
  assert.equal(estimated!.exact, false, 'its index is of some rows only');
});

test('the report says which snapshot it is of, who asked for it and which greenroom made it', async () => {
  const { requestedBy } = await service.call<Operation>('GET', `/v1/operations/${operation}`);
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  const of = { snapshot, project: 'shop', source: 'production', requestedBy, greenroom: version };
  assert.deepEqual(report.of, of);
});

test('it comes as JSON, Markdown and a page, by Accept or by format', async () => {
  const forms = await Promise.all(
    [
      ['', undefined, 'application/json'],
      ['', 'application/json', 'application/json'],
      ['', 'text/markdown', 'text/markdown'],
      ['', 'text/html,application/xhtml+xml,*/*;q=0.8', 'text/html'],
      ['?format=html', 'application/json', 'text/html'],
      ['?format=markdown', undefined, 'text/markdown'],
      ['?format=json', 'text/html', 'application/json'],
    ].map(async ([query, accept, type]) => {
      const answer = await get(query!, accept);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type')!.split(';')[0], type, `${query} ${accept}`);
      assert.match(answer.headers.get('vary')!, /Accept/);
      return { text: await answer.text(), policy: answer.headers.get('content-security-policy') };
    }),
  );
  const [json, , markdown, page] = forms;
  assert.deepEqual(JSON.parse(json!.text), report);
  assert.match(page!.policy!, /^default-src 'none'; style-src 'sha256-/);
  assert.match(page!.text, /&lt;script&gt;alert\(1\)/);
  assert.doesNotMatch(page!.text + markdown!.text, /<script/);
  for (const { text } of [markdown!, page!])
    assert.ok(text.includes(reportHash(report)), 'what is signed is what is stored');
  assert.equal((await get('?format=pdf')).status, 400);
});

test('a group smaller than the policy demands fails the capture whole, and names table and columns', async () => {
  const demanding = { ...policy, quasiIdentifiers: { 'app.people': [{ columns: quasiIdentifier, atLeast: people }] } };
  await service.call('PUT', '/v1/projects/shop/sources/production/policy', demanding);
  const { id, subject } = await capture();
  await service.follow({ id } as Operation).catch(() => {});
  const { error } = await service.call<{ error: Problem }>('GET', `/v1/operations/${id}`);
  assert.equal(error.code, 'capture-failed');
  assert.equal(error.where, 'app.people (born, postcode, gender)');
  assert.match(error.detail, /the policy demands 400/);
  assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${subject}`)).state, 'failed');
  const { Volumes: volumes } = await docker.listVolumes();
  assert.ok(!volumes.some(({ Name }) => Name === volumeOf(subject)), 'its volume is left');
  const containers = (await docker.listContainers({ all: true })).flatMap(({ Names }) => Names);
  assert.ok(!containers.some((name) => name.includes(subject)), 'its container is left');
});
