import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { freeBytes } from '../services/engine/disk.ts';
import { planMasking } from '../services/masking/plan/plan.ts';
import { parsePolicy } from '../services/masking/policy/policy.ts';
import { type CaptureOptions, captureDatabase } from '../services/snapshots/capture/capture.ts';
import { bytesOfDump, bytesOfTables, refuseTooLarge } from '../services/snapshots/capture/refusals.ts';
import { readCatalog } from '../services/sources/catalog.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { imageOf } from './support/postgres-versions.ts';
import { captureOf, reader, refusedCapture, startOn } from './support/source.ts';

const host = testHost();
const canary = 'qxkanarivz';
let production: TestPostgres;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  // For noSessionLeft.
  await production.createDatabase(
    'shop',
    `CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data`,
  );
});
after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const keep = { keep: 'says nothing about anybody' };
const psql = (database: string, sql: string) =>
  production.run(['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', database, '-f', '-'], sql);
const create = async (database: string, how: string, sql: string) => {
  await production.run(['psql', '-XqU', 'postgres', '-c', `CREATE DATABASE ${database} TEMPLATE template0 ${how}`]);
  await psql(database, sql);
};
const of = (database: string, tables: object, login = reader): CaptureOptions =>
  captureOf(host, { url: production.url(database, login) }, { policy: { tables } });
const refused = (options: CaptureOptions) => refusedCapture(options, production, [canary]);

test('an extension that the image lacks is named before anything is copied', async () => {
  const folder = (await production.run(['sh', '-c', 'echo "$(pg_config --sharedir)/extension"'])).trim();
  const write = (file: string, text: string) => production.run(['sh', '-c', `cat >"${folder}/${file}"`], text);
  await write('only_here.control', "default_version = '1'\nrelocatable = true\n");
  await write('only_here--1.sql', 'CREATE FUNCTION only_here() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;');
  await create('extended', '', 'CREATE EXTENSION only_here; CREATE TABLE t (id int)');
  const problem = await refused(of('extended', { 'public.t': { id: keep } }));
  assert.equal(problem.code, 'capture-failed');
  assert.equal(problem.where, 'only_here');
  assert.match(problem.message, /lacks extensions of the source: only_here/);
  assert.match(problem.remedy!, /image of the project’s database service/);
});

test('text that is not of the encoding the source says is refused, with its table', async () => {
  await create(
    'ascii',
    `ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`,
    `CREATE TABLE good (name text); INSERT INTO good VALUES ('Müller')`,
  );
  const { tables } = await captureDatabase(of('ascii', { 'public.good': { name: { mask: 'full_name' } } }));
  assert.equal(tables[0]!.rows, 1);
  await psql('ascii', `CREATE TABLE bad (name text); INSERT INTO bad VALUES (E'${canary} \\xfc')`);
  const problem = await refused(of('ascii', { 'public.good': { name: keep }, 'public.bad': { name: keep } }));
  assert.equal(problem.code, 'source-refused');
  assert.equal(problem.where, 'public.bad');
  assert.match(problem.remedy!, /encoding/);
});

test('a masked value that the source’s encoding lacks is refused, with its table and column', async () => {
  await create(
    'latin',
    `ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
    `SET client_encoding = 'UTF8'; CREATE TABLE people (id int, name text); INSERT INTO people VALUES (1, '${canary} Müller')`,
  );
  const { tables } = await captureDatabase(of('latin', { 'public.people': { id: keep, name: keep } }));
  assert.equal(tables[0]!.rows, 1);
  const name = { mask: 'constant', value: '表' };
  const given = await refused(of('latin', { 'public.people': { id: keep, name } }));
  assert.equal(given.code, 'policy-invalid');
  assert.equal(given.where, 'public.people.name');
  const options = of('latin', { 'public.people': { id: keep, name: { mask: 'full_name' } } });
  const problem = await refused({ ...options, policy: { ...(options.policy as object), locale: 'ru' } });
  assert.equal(problem.code, 'capture-failed');
  assert.match(problem.where!, /^public\.people/);
  assert.match(problem.remedy!, /encoding/);
});

test('names that are not in UTF-8 come along as the source has them', async () => {
  await create(
    'names',
    `ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
    `SET client_encoding = 'UTF8'; CREATE TABLE "Straße" (id int, "Größe" text); CREATE INDEX "für Größen" ON "Straße" ("Größe");
     CREATE VIEW "Übersicht" AS SELECT "Größe" FROM "Straße"; INSERT INTO "Straße" VALUES (1, 'weit')`,
  );
  const options = of('names', { 'public.Straße': { id: keep, Größe: keep } });
  await captureDatabase(options);
  const snapshot = await startPostgres({ volume: options.target.volume });
  try {
    const asked = `SET client_encoding = 'UTF8'; SELECT relname FROM pg_class WHERE relname ~ '[^a-z_0-9]' ORDER BY relname COLLATE "C"`;
    const names = await snapshot.run(['psql', '-XqAtU', 'postgres', '-d', options.database, '-c', asked]);
    assert.deepEqual(names.trim().split('\n'), ['Straße', 'für Größen', 'Übersicht']);
  } finally {
    await snapshot.remove();
  }
});

test('a masked value that a type or constraint forbids is refused, with its table, columns and constraint', async () => {
  await create(
    'strict',
    '',
    `CREATE DOMAIN short AS text CHECK (length(VALUE) < 30); CREATE TYPE grade AS ENUM ('a', 'b');
     CREATE TABLE t (id int, "low: ""1""" int, high int, name short, grade grade, CONSTRAINT ordered CHECK ("low: ""1""" < high));
     INSERT INTO t VALUES (1, 1, 2, '${canary}', 'a')`,
  );
  const rules = { id: keep, 'low: "1"': keep, high: keep, name: keep, grade: keep };
  const check = await refused(of('strict', { 'public.t': { ...rules, high: { mask: 'constant', value: 0 } } }));
  assert.equal(check.code, 'capture-failed');
  assert.equal(check.where, 'public.t');
  assert.match(check.message, /columns low: "1", high.*constraint ordered/);
  const long = { mask: 'constant', value: 'x'.repeat(40) };
  const domain = await refused(of('strict', { 'public.t': { ...rules, name: long } }));
  assert.equal(domain.where, 'public.t.name');
  assert.equal(domain.code, 'policy-invalid');
  assert.match(domain.errors![0]!.what, /short does not take a value of its rule/);
  const drawn = await refused(of('strict', { 'public.t': { ...rules, name: { mask: 'url' } } }));
  assert.equal(drawn.code, 'capture-failed');
  assert.equal(drawn.where, 'public.t.name');
  assert.match(drawn.remedy!, /mask/);
  await psql(
    'strict',
    `ALTER TABLE t ADD CONSTRAINT one_high EXCLUDE (high WITH =); INSERT INTO t VALUES (2, 1, 5, '', 'b')`,
  );
  const twice = await refused(of('strict', { 'public.t': { ...rules, high: { mask: 'constant', value: 9 } } }));
  assert.equal(twice.code, 'policy-invalid');
  assert.equal(twice.where, 'public.t.high');
  assert.match(twice.errors![0]!.what, /is unique/);
});

test('a sequence and a table that the login may not read are named together, before anything is started', async () => {
  await create(
    'counted',
    '',
    `CREATE TABLE t (id serial); CREATE TABLE u (); CREATE ROLE weak LOGIN PASSWORD '${reader.password}'; GRANT SELECT ON t TO weak`,
  );
  const problem = await refused(of('counted', { 'public.t': { id: keep } }, { ...reader, user: 'weak' }));
  assert.equal(problem.code, 'source-refused');
  assert.deepEqual(
    problem.errors!.map(({ where }) => where),
    ['public.u', 'public.t_id_seq'],
  );
  await psql('counted', 'DROP TABLE u');
});

test('a sequence may be kept with a reason; one that is not there is refused', async () => {
  const options = of('counted', { 'public.t': { id: keep } });
  const policy = {
    ...(options.policy as object),
    sequences: { 'public.t_id_seq': { keep: 'the importer expects it', owner: 'dana', until: '2999-12-31' } },
  };
  const report = await captureDatabase({ ...options, policy });
  assert.deepEqual(report.sequences, [
    {
      ...{ name: 'public.t_id_seq', treatment: 'kept', reason: 'the importer expects it' },
      ...{ owner: 'dana', until: '2999-12-31' },
    },
  ]);
  const problem = await refused({
    ...of('counted', {}),
    policy: { tables: { 'public.t': { id: keep } }, sequences: { 'public.x': keep } },
  });
  assert.equal(problem.code, 'policy-invalid');
  assert.deepEqual([problem.where, problem.errors![0]!.where], ['public.x', 'public.x']);
});

test('equal values of a nondeterministic collation, written differently, are warned of, and told where they fail', async () => {
  await create(
    'alike',
    '',
    `CREATE COLLATION ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     CREATE TABLE people (nick text COLLATE ignoring_case PRIMARY KEY, name text);
     CREATE TABLE notes (by text COLLATE ignoring_case REFERENCES people);
     INSERT INTO people VALUES ('Ann'); INSERT INTO notes VALUES ('ANN')`,
  );
  const rules = { 'public.people': { nick: { mask: 'email' }, name: keep }, 'public.notes': { by: { mask: 'email' } } };
  const options = of('alike', rules);
  const client = await production.connect('alike');
  try {
    const { warnings } = planMasking(await readCatalog(client), parsePolicy(options.policy));
    assert.deepEqual(warnings.map(({ where }) => where).sort(), ['public.notes.by', 'public.people.nick']);
  } finally {
    await client.end();
  }
  const problem = await refused(options);
  assert.match(problem.message, /violates foreign key constraint/);
  assert.match(problem.remedy!, /policy’s check warns of columns/);
});

test('a database called postgres, with ICU as its locale provider, is captured under that name', async () => {
  await create('icu', `LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' ENCODING 'UTF8'`, 'CREATE TABLE t (id int)');
  const options = { ...of('icu', { 'public.t': { id: keep } }), database: 'postgres' };
  await captureDatabase(options);
  const stack = await startOn(options.target.volume);
  const client = await stack.connect('postgres');
  try {
    const { rows } = await client.query(
      `SELECT datlocprovider AS provider, datlocale AS locale, to_regclass('public.t') IS NOT NULL AS there FROM pg_database WHERE datname = current_database()`,
    );
    assert.deepEqual(rows, [{ provider: 'i', locale: 'de-DE', there: true }]);
  } finally {
    await client.end();
    await stack.remove();
  }
});

test('a source that is newer than the image is refused, naming both', async () => {
  const newer = await startPostgres({ image: await imageOf(18) });
  try {
    // A role that the image does not have either.
    await newer.createDatabase(
      'shop',
      `CREATE ROLE ops; GRANT pg_signal_autovacuum_worker TO ops; CREATE TABLE t (id int); ALTER TABLE t OWNER TO ops`,
    );
    const policy = { tables: { 'public.t': { id: keep } } };
    const problem = await refused(captureOf(host, { url: newer.url('shop') }, { policy }));
    assert.equal(problem.code, 'source-refused');
    assert.match(problem.message, /Postgres 18.*Postgres 17/);
    assert.match(problem.remedy!, /image/);
  } finally {
    await newer.remove();
  }
});

test('what there has to be room for counts long values and indexes; of a packed dump, that it is packed', async () => {
  await create(
    'large',
    '',
    `CREATE TABLE t (id int, words text); ALTER TABLE t ALTER words SET STORAGE EXTERNAL;
     INSERT INTO t SELECT n, repeat('word ', 2000) FROM generate_series(1, 500) n; CREATE INDEX ON t (id)`,
  );
  const client = await production.connect('large');
  try {
    const { rows } = await client.query(
      `SELECT pg_relation_size('t')::int AS heap, pg_total_relation_size('t')::int AS total`,
    );
    const needed = await bytesOfTables(client, await readCatalog(client));
    assert.equal(needed, rows[0].total);
    assert.ok(needed > 50 * rows[0].heap);
  } finally {
    await client.end();
  }
  const of = (format: 'custom' | 'plain') =>
    bytesOfDump({ sizeBytes: 1000, report: { format, sizeBytes: 1000, sha256: '' } });
  assert.deepEqual([of('custom'), of('plain')], [8000, 2000]);
});

test('tables that the engine’s disk has no room for are refused before anything is started', async () => {
  const free = await freeBytes(host);
  assert.throws(() => refuseTooLarge(2 ** 60, free, 'db:5432'), /take 1099511627776 MB with their indexes; the disk/);
});
