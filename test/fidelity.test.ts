import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import { type DatabaseContent, readContent } from '../services/backups/content.ts';
import { changesBetween, readSchema } from '../services/database/schema.ts';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { planMasking } from '../services/masking/plan/plan.ts';
import { parsePolicy } from '../services/masking/policy/policy.ts';
import { captured, comparable } from '../services/migrations/comparable-schema.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import { tasksOf } from '../services/snapshots/capture/copy-data.ts';
import type { CaptureReport } from '../services/snapshots/capture/report.ts';
import { readCatalog } from '../services/sources/catalog.ts';
import { everyObject, oddNames } from './support/every-object.ts';
import { everyValue, everyValueSql } from './support/every-value.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { imageOf, type Major } from './support/postgres-versions.ts';
import { captureOf, keepEverything, reader, startOn } from './support/source.ts';

const host = testHost();
/** Of the image that stacks run. */
const snapshotMajor = 17;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
});
after(async () => {
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

/** What readSchema does not say: what is stored how, who owns what, who may what, what is outside of tables. */
const more: Record<string, string> = {
  owners: `SELECT c.oid::regclass::text AS name, pg_get_userbyid(relowner) AS owner, replace(relacl::text, 'Dxtm', 'Dxt') AS acl FROM pg_class c
    JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`,
  schemas: `SELECT nspname, pg_get_userbyid(nspowner), nspacl::text FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1`,
  functions: `SELECT p.oid::regprocedure::text AS name, pg_get_userbyid(proowner), proacl::text FROM pg_proc p
    JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'app' ORDER BY 1`,
  privileges: `SELECT pg_get_userbyid(defaclrole), defaclnamespace::regnamespace, defaclobjtype, defaclacl::text FROM pg_default_acl ORDER BY 1, 2, 3`,
  columns: `SELECT attrelid::regclass::text AS name, attname, attstorage, attcompression,
      (SELECT array_agg(o) FROM unnest(attoptions) o WHERE o ~ '^n_distinct') AS options, attacl::text, nullif(attstattarget, -1) AS target
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE attnum > 0 AND NOT attisdropped AND nspname = 'app' AND relkind IN ('r', 'p') ORDER BY 1, 2`,
  collations: `SELECT collname, collprovider, collisdeterministic, collnamespace::regnamespace FROM pg_collation
    WHERE collnamespace >= 16384 ORDER BY 1`,
  operators: `SELECT oprname, oprcode::text, oprnamespace::regnamespace FROM pg_operator WHERE oprnamespace = 'app'::regnamespace ORDER BY 1`,
  casts: `SELECT castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext FROM pg_cast WHERE castsource = 'app.mood'::regtype`,
  search: `SELECT cfgname FROM pg_ts_config WHERE cfgnamespace = 'app'::regnamespace UNION ALL SELECT dictname FROM pg_ts_dict WHERE dictnamespace = 'app'::regnamespace`,
  clustered: `SELECT indexrelid::regclass FROM pg_index WHERE indisclustered`,
  locale: `SELECT pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider FROM pg_database WHERE datname = current_database()`,
  views: `SELECT oid::regclass::text AS name, relispopulated FROM pg_class WHERE relkind = 'm' ORDER BY 1`,
  unlogged: 'SELECT * FROM app.scratch ORDER BY 1',
  counted: 'SELECT * FROM app.counted ORDER BY 1',
  'rows of partitions by the hash of an enum': 'SELECT mood, count(*) FROM app.moods GROUP BY 1 ORDER BY 1',
  memberships: `SELECT roleid::regrole, member::regrole FROM pg_auth_members WHERE roleid >= 16384 ORDER BY 1, 2`,
};

/** Postgres writes casts and brackets of an expression in another place once it was restored. */
const plain = (definition: string) => definition.replace(/::[\w ."]+(\(\d+\))?(\[\])*/g, '').replace(/[()\s]/g, '');

/** Types of `everyValue`. */
const ownForm =
  /^(char|money|xml|point|line|lseg|box|path|polygon|circle|jsonpath|ts(vector|query)|.*range|box\[\]|int4range\[\]|oid|reg.*|.*_?snapshot|x?c?id8?|tid|pg_lsn|refcursor|.*vector|aclitem)$/;

for (const major of [15, 17] as Major[]) {
  describe(`a capture of Postgres ${major} that keeps everything`, () => {
    let production: TestPostgres;
    let stack: TestPostgres;
    let report: CaptureReport;
    let original: pg.Client;
    let copy: pg.Client;
    let [before_, after_]: DatabaseContent[] = [];

    before(async () => {
      const image = await imageOf(major);
      production = await startPostgres({ image });
      await production.createDatabase('shop', everyObject + everyValueSql);
      original = await production.connect('shop');
      const options = captureOf(
        host,
        { url: production.url('shop', reader) },
        { policy: await keepEverything(original) },
      );
      report = await captureDatabase(options);
      stack = await startOn(options.target.volume);
      copy = await stack.connect('shop');
    });
    after(async () => {
      await original?.end();
      await copy?.end();
      await stack?.remove();
      await production?.remove();
    });

    test('has the same schema: every object, by its definition', async () => {
      const read = async (client: pg.Client) => comparable(captured(await readSchema(client)), major === snapshotMajor);
      const [from, to] = [await read(original), await read(copy)];
      assert.ok(from.size > 500);
      const changes = changesBetween(from, to).filter(
        ({ before, after }) => !before || !after || plain(before) !== plain(after),
      );
      assert.deepEqual(changes, []);
      [before_, after_] = [await readContent(original), await readContent(copy)];
      if (major === snapshotMajor) assert.equal(after_.schemaOutline, before_.schemaOutline);
    });

    for (const [what, sql] of Object.entries(more)) {
      test(`has the same ${what}`, async () => {
        const [from, to] = [await original.query(sql), await copy.query(sql)];
        assert.deepEqual(to.rows, from.rows);
      });
    }

    test('has the same rows in every table, whatever their types and names', async () => {
      assert.ok(Object.keys(before_!.tables).length > 100);
      // Which of these a row is in depends on the enum's internal numbers.
      for (const { tables } of [before_!, after_!])
        for (const name of Object.keys(tables)) if (name.startsWith('app.moods_')) delete tables[name];
      assert.deepEqual(after_!.tables, before_!.tables);
      for (const name of oddNames)
        assert.ok(
          report.tables.some((table) => table.name === `${name}.${name}`),
          name,
        );
    });

    test('copies as text what servers send in forms of their own, and the rest in binary', async () => {
      const catalog = await readCatalog(original);
      const plan = planMasking(catalog, parsePolicy(await keepEverything(original)));
      const tasks = tasksOf(plan.tables, catalog, { major, workers: 2, isDump: false });
      const asText = tasks.filter(({ format }) => format === 'text');
      const types = asText.filter(({ schema }) => schema === 'kinds').map(({ table }) => table.replace('of ', ''));
      const expected = Object.keys(everyValue).map((type) => type.replaceAll('"', ''));
      assert.deepEqual(types.sort(), expected.filter((type) => ownForm.test(type)).sort());
      const [moods, people] = ['moods_1', 'people'].map((name) => tasks.find(({ table }) => table === name)?.format);
      assert.equal(moods, 'binary');
      assert.equal(people, 'text');
      const ofDump = tasksOf(plan.tables, catalog, { major, workers: 2, isDump: true });
      assert.ok(ofDump.every(({ format }) => format === 'text'));
    });

    test('identity columns, serials and sequences go on past every number there is', async () => {
      const ids = `SELECT max(id) AS id, max(serial_number) AS serial FROM app.people`;
      const { rows: last } = await copy.query(ids);
      await copy.query(`INSERT INTO app.people (mail, name, age) VALUES ('new@x', 'new', 5)`);
      const { rows: next } = await copy.query(ids);
      assert.ok(Number(next[0].id) > Number(last[0].id) + 7);
      assert.ok(next[0].serial > last[0].serial + 1);
      assert.equal((Number(next[0].id) - Number(last[0].id)) % 7, 0);
      const { rows: down } = await copy.query(`SELECT nextval('app.down') AS n`);
      assert.ok(Number(down[0].n) < -7 && Number(down[0].n) >= -30000);
      await assert.rejects(copy.query(`SELECT nextval('app.ended')`), /reached maximum/);
      const treatments = new Map(report.sequences!.map(({ name, treatment }) => [name, treatment]));
      assert.equal(treatments.get('app.people_id_seq'), 'shifted');
      assert.equal(treatments.get('app.ended'), 'kept');
    });

    test('large objects are left out, and the report says so', async () => {
      const { rows } = await copy.query('SELECT count(*)::int AS n FROM pg_largeobject_metadata');
      assert.equal(rows[0].n, 0);
      assert.match(JSON.stringify(report.warnings), /1 large objects are left out/);
    });
  });
}

test('rows of a partitioned table whose key is masked go to the partitions where they belong', async () => {
  const production = await startPostgres();
  try {
    const months = Array.from({ length: 12 }, (_, month) => `2024-${String(month + 1).padStart(2, '0')}-01`);
    const partitions = months.map((from, index) => {
      const to = months[index + 1] ?? '2025-01-01';
      return `CREATE TABLE births_${index + 1} PARTITION OF births FOR VALUES FROM ('${from}') TO ('${to}');`;
    });
    await production.createDatabase(
      'shop',
      `CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data;
       CREATE TABLE births (at date, id int) PARTITION BY RANGE (at); ${partitions.join(' ')}
       CREATE TABLE births_rest PARTITION OF births DEFAULT;
       INSERT INTO births SELECT '2024-01-01'::date + n % 366, n FROM generate_series(1, 1000) n`,
    );
    const keep = { keep: 'says nothing about anybody' };
    const policy = { tables: { 'public.births': { at: { mask: 'date' }, id: keep } } };
    const options = captureOf(host, { url: production.url('shop', reader) }, { policy });
    await captureDatabase(options);
    const stack = await startOn(options.target.volume);
    const copy = await stack.connect('shop');
    const original = await production.connect('shop');
    try {
      const sql =
        'SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids, sum(hashtext(at::text)) AS at FROM births';
      const [[from], [to]] = [(await original.query(sql)).rows, (await copy.query(sql)).rows];
      assert.deepEqual([to.rows, to.ids], [from.rows, from.ids]);
      assert.notEqual(to.at, from.at);
    } finally {
      await copy.end();
      await original.end();
      await stack.remove();
    }
  } finally {
    await production.remove();
  }
});
