import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { captureOf, reader, startOn } from './support/source.ts';

const host = testHost();
let production: TestPostgres;
let stack: TestPostgres;
let copy: pg.Client;
let original: pg.Client;

const keep = { keep: 'says nothing about anybody' };
const columns = {
  id: keep,
  visits: keep,
  email: { mask: 'email' },
  alias: { mask: 'token' },
  phone: { mask: 'phone' },
  town: { mask: 'city' },
  note: { mask: 'text' },
  born: { mask: 'date', days: 30 },
  tags: { mask: 'token' },
  words: { mask: 'rebuild', columns: ['town', 'email'] },
};

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  await production.createDatabase(
    'shop',
    `CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data;
     CREATE SCHEMA app;
     CREATE TABLE app.people (id integer PRIMARY KEY, visits integer, email text NOT NULL UNIQUE, alias text, phone text, town text, note text,
       born timestamp, tags text[], words tsvector);
     INSERT INTO app.people SELECT n, sqrt(n % 2500), 'someone' || n || '@example.com', CASE WHEN n % 4 > 0 THEN md5(n::text) END,
       '+49 30 ' || 10000000 + n / 3, 'Town ' || sqrt(n % 2500)::int, 'Called about ' || md5(n::text),
       timestamp '1980-01-01' + n * interval '3601.37 seconds', ARRAY['tag' || n % 300, 'of ' || n], to_tsvector('simple', 'word' || n % 400 || ' of ' || n) FROM generate_series(1, 20000) n;
     CREATE TABLE app.clients (LIKE app.people INCLUDING ALL);
     INSERT INTO app.clients TABLE app.people;
     CREATE STATISTICS app.together ON town, visits FROM app.clients;
     CREATE TABLE app.guests (LIKE app.people INCLUDING ALL);
     INSERT INTO app.guests TABLE app.people;
     CREATE INDEX ON app.guests (lower(town));
     CREATE TABLE app.wishes (LIKE app.people INCLUDING ALL);
     INSERT INTO app.wishes TABLE app.people;
     ALTER TABLE app.wishes ALTER note SET STATISTICS 40;
     ALTER DATABASE shop SET default_statistics_target = 60;`,
  );
  const url = production.url('shop', reader);
  const tables = Object.fromEntries(['people', 'clients', 'guests', 'wishes'].map((name) => [`app.${name}`, columns]));
  const options = captureOf(host, { url }, { policy: { tables } });
  await captureDatabase(options);
  stack = await startOn(options.target.volume);
  copy = await stack.connect('shop');
  original = await production.connect('shop');
  await original.query('ANALYZE');
});

after(async () => {
  await copy?.end();
  await original?.end();
  await stack?.remove();
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(process.env.TMPDIR!, { recursive: true });
});

interface Statistics {
  distinct: number;
  nulls: number;
  common: number;
  steps: number;
  elements: number;
}

async function statistics(client: pg.Client, table: string): Promise<Record<string, Statistics>> {
  const { rows } = await client.query<Statistics & { name: string }>(
    `SELECT attname AS name, n_distinct::float8 AS distinct, null_frac::float8 AS nulls,
       coalesce(cardinality(most_common_freqs), 0) AS common, coalesce(array_length(histogram_bounds::text::text[], 1), 0) AS steps,
       coalesce(array_length(most_common_elems::text::text[], 1), 0) AS elements
     FROM pg_stats WHERE schemaname = 'app' AND tablename = $1`,
    [table],
  );
  return Object.fromEntries(rows.map(({ name, ...of }) => [name, of]));
}

describe('a snapshot’s statistics', () => {
  test('are as fine as production’s where values say something: kept columns, and masked ones that repeat', async () => {
    const [theirs, ours] = [await statistics(original, 'people'), await statistics(copy, 'people')];
    assert.deepEqual(Object.keys(ours).sort(), Object.keys(columns).sort());
    assert.deepEqual([ours.id, ours.visits], [theirs.id, theirs.visits]);
    assert.equal(ours.id!.steps, 61);
    assert.ok(ours.town!.common > 40, `${ours.town!.common} common towns`);
    assert.ok(ours.phone!.distinct > -0.4 && ours.phone!.distinct < -0.25, `a third: ${ours.phone!.distinct}`);
    assert.ok(ours.phone!.steps > 50);
  });

  test('are fine for what is no text, though it is all different: moments, elements of arrays, lexemes', async () => {
    const { born, tags, words } = await statistics(copy, 'people');
    assert.deepEqual([born!.distinct, born!.steps], [-1, 61]);
    assert.ok(tags!.elements > 200, `${tags!.elements} common tags`);
    assert.ok(words!.elements > 40, `${words!.elements} common words`);
  });

  test('are coarse where masked text is all different, or free', async () => {
    const { email, alias, note } = await statistics(copy, 'people');
    assert.deepEqual(email, { distinct: -1, nulls: 0, common: 0, steps: 11, elements: 0 });
    assert.ok(Math.abs(alias!.nulls - 0.25) < 0.05 && Math.abs(alias!.distinct + 0.75) < 0.05);
    assert.deepEqual([alias!.common, alias!.steps, note!.steps], [0, 11, 11]);
  });

  test('are made at once where a column asks for its own, or several columns or an expression are looked at', async () => {
    const of = [];
    for (const table of ['clients', 'guests', 'wishes']) of.push(await statistics(copy, table));
    for (const { email } of of) assert.equal(email!.steps, 61);
    assert.equal(of[2]!.note!.steps, 41);
    const { rows: together } = await copy.query('SELECT n_distinct FROM pg_stats_ext WHERE statistics_name = $1', [
      'together',
    ]);
    assert.ok(together[0].n_distinct);
    const { lower } = await statistics(copy, 'guests_lower_idx');
    assert.ok(lower!.common > 40);
  });

  test('are whole: a clone’s autovacuum has nothing to analyze', async () => {
    const { rows } = await copy.query(
      `SELECT relname, n_mod_since_analyze::int AS changes, last_analyze IS NOT NULL AS analyzed FROM pg_stat_user_tables ORDER BY 1`,
    );
    assert.deepEqual(
      rows,
      ['clients', 'guests', 'people', 'wishes'].map((relname) => ({ relname, changes: 0, analyzed: true })),
    );
  });
});
