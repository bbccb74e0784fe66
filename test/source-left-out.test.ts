import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { changesBetween, readSchema } from '../services/database/schema.ts';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { captured } from '../services/migrations/comparable-schema.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import { probeSource } from '../services/sources/probe.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { captureOf, keepEverything, reader, refusedCapture, startOn } from './support/source.ts';

const host = testHost();
let production: TestPostgres;
let original: pg.Client;

const schema = `
CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data;
CREATE SCHEMA app; CREATE SCHEMA tools; CREATE SCHEMA "Other, ""odd""";
CREATE EXTENSION hstore SCHEMA tools;
CREATE TABLE tools.helpers (id int); INSERT INTO tools.helpers VALUES (1);
CREATE TABLE "Other, ""odd""".secrets (id int PRIMARY KEY, of text); INSERT INTO "Other, ""odd""".secrets VALUES (1, 'x');
CREATE MATERIALIZED VIEW "Other, ""odd""".filled AS SELECT 1 AS one;
CREATE SEQUENCE "Other, ""odd""".numbers;
CREATE TABLE app.own (id serial PRIMARY KEY, extra tools.hstore); INSERT INTO app.own (extra) VALUES ('a=>1');
CREATE MATERIALIZED VIEW app.counted AS SELECT count(*) FROM app.own;

CREATE SCHEMA needy;
CREATE TABLE needy.parts (id int REFERENCES "Other, ""odd""".secrets, n int DEFAULT nextval('"Other, ""odd""".numbers'));
CREATE VIEW needy.looks AS SELECT of FROM "Other, ""odd""".secrets;
CREATE FUNCTION "Other, ""odd""".on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER changed BEFORE INSERT ON needy.parts FOR EACH ROW EXECUTE FUNCTION "Other, ""odd""".on_change();
CREATE TABLE needy.parent (id int) PARTITION BY RANGE (id);
CREATE TABLE "Other, ""odd""".part PARTITION OF needy.parent FOR VALUES FROM (1) TO (2);

CREATE EXTENSION postgres_fdw;
CREATE FOREIGN DATA WRAPPER own OPTIONS (secret 'x');
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere.example');
GRANT USAGE ON FOREIGN SERVER elsewhere TO reader; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO reader;
CREATE SCHEMA federated;
CREATE FOREIGN TABLE federated.away (id int DEFAULT 3, name text) SERVER elsewhere;
GRANT SELECT, UPDATE (name) ON federated.away TO reader;
CREATE VIEW federated.reads AS SELECT name FROM federated.away; GRANT SELECT ON federated.reads TO reader;
CREATE VIEW federated.reads_too AS SELECT * FROM federated.reads;
CREATE TABLE federated.here (id int) PARTITION BY RANGE (id);
CREATE TABLE federated.here_1 PARTITION OF federated.here FOR VALUES FROM (1) TO (2);
CREATE FOREIGN TABLE federated.here_2 PARTITION OF federated.here FOR VALUES FROM (2) TO (3) SERVER elsewhere;
INSERT INTO federated.here VALUES (1);
`;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  await production.createDatabase('shop', schema);
  original = await production.connect('shop');
});
after(async () => {
  await original?.end();
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const source = (schemas: string[]) => ({ url: production.url('shop', reader), schemas });
const options = async (schemas: string[]) => {
  const all = (await keepEverything(original)) as { tables: Record<string, object> };
  const tables = Object.entries(all.tables).filter(([name]) => schemas.some((schema) => name.startsWith(`${schema}.`)));
  return captureOf(host, source(schemas), { policy: { tables: Object.fromEntries(tables) } });
};

test('only the schemas that a source names are captured, with the extensions they use; the others are reported', async () => {
  const capture = await options(['app']);
  const report = await captureDatabase(capture);
  assert.deepEqual(
    report.tables.map(({ name }) => name),
    ['app.own'],
  );
  assert.deepEqual(
    report.sequences!.map(({ name }) => name),
    ['app.own_id_seq'],
  );
  const leftOut = new Map(report.warnings.map(({ where, what }) => [where, what]));
  assert.match(leftOut.get('Other, "odd"')!, /schema is left out, with its one table/);
  leftOut.delete(report.source.server);
  assert.deepEqual([...leftOut.keys()].sort(), ['Other, "odd"', 'federated', 'needy', 'public', 'tools']);
  const stack = await startOn(capture.target.volume);
  const copy = await stack.connect('shop');
  try {
    const { rows } = await copy.query(
      `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`,
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['app', 'public', 'tools'],
    );
    const own = await copy.query('SELECT (SELECT count FROM app.counted), extra::text FROM app.own');
    assert.deepEqual(own.rows, [{ count: '1', extra: '"a"=>"1"' }]);
    assert.equal((await copy.query(`SELECT to_regclass('tools.helpers') AS name`)).rows[0].name, null);
  } finally {
    await copy.end();
    await stack.remove();
  }
});

test('what they need of others is refused, each by name, before anything is started', async () => {
  const problem = await refusedCapture(await options(['needy']), production);
  assert.equal(problem.code, 'source-refused');
  assert.match(problem.remedy!, /Other, "odd"/);
  const needs = problem.errors!.map(({ where, what }) => `${where} ${what}`).join('\n');
  for (const part of [
    /constraint parts_id_fkey/,
    /default value.*sequence/,
    /view needy\.looks/,
    /trigger changed/,
    /table needy\.parent.*part/,
  ]) {
    assert.match(needs, part);
  }
});

test('a schema that is not there is refused, and so are rules for tables that are left out', async () => {
  const problem = await refusedCapture(await options(['nowhere']), production);
  assert.equal(problem.where, 'nowhere');
  assert.match(problem.remedy!, /app/);
  const stranger = await options(['app']);
  const { policy } = await options(['app', 'tools']);
  const wrong = await refusedCapture({ ...stranger, policy }, production);
  assert.equal(wrong.code, 'policy-invalid');
  assert.deepEqual(
    wrong.errors!.map(({ where }) => where),
    ['tools.helpers'],
  );
});

test('a probe says nothing of what is left out', async () => {
  const { tables } = await probeSource(source(['app']));
  assert.deepEqual(
    tables.map(({ name }) => name),
    ['app.counted', 'app.own'],
  );
});

test('foreign tables and the views that read them are left out, with their grants, and reported', async () => {
  const capture = await options(['federated']);
  const report = await captureDatabase(capture);
  assert.deepEqual(
    report.tables.map(({ name, rows }) => [name, rows]),
    [['federated.here_1', 1]],
  );
  const leftOut = new Map(report.leftOut!.map(({ what, count }) => [what, count]));
  assert.equal(leftOut.get('foreign servers'), 1);
  assert.equal(leftOut.get('foreign data wrappers'), 1, 'the extension’s own is there');
  const relations = report.warnings.map(({ where }) => where).filter((where) => where.startsWith('federated.'));
  assert.deepEqual(relations.sort(), ['federated.away', 'federated.here_2', 'federated.reads', 'federated.reads_too']);
  const stack = await startOn(capture.target.volume);
  const copy = await stack.connect('shop');
  try {
    const [here, there] = [await readSchema(original), await readSchema(copy)].map((all) =>
      captured(all, ['federated']),
    );
    assert.deepEqual(changesBetween(here!, there!), [], 'what is left out is no drift');
  } finally {
    await copy.end();
    await stack.remove();
  }
});

test('rows of tables that belong to an extension are left out, each reported by name', async () => {
  const folder = (await production.run(['sh', '-c', 'echo "$(pg_config --sharedir)/extension"'])).trim();
  const write = (file: string, text: string) => production.run(['sh', '-c', `cat >"${folder}/${file}"`], text);
  await write('jobs.control', "default_version = '1'\nrelocatable = true\n");
  await write(
    'jobs--1.sql',
    `CREATE TABLE job (id serial, command text); CREATE TABLE never (id int);
     SELECT pg_extension_config_dump('job', ''); SELECT pg_extension_config_dump('job_id_seq', '');`,
  );
  await original.query(
    `CREATE SCHEMA parts; CREATE EXTENSION jobs SCHEMA parts; INSERT INTO parts.job (command) VALUES ('mine');
     CREATE TABLE parts.own (id int)`,
  );
  // The snapshot's image has to have the extension, too.
  const repo = `greenroom-test-left-out-${host.installation}`;
  await docker.getContainer(production.container).commit({ repo, pause: false });
  try {
    const capture = await options(['parts']);
    const report = await captureDatabase({ ...capture, target: { ...capture.target, image: repo } });
    const named = report.warnings.filter(({ where }) => where.startsWith('parts.'));
    assert.deepEqual(
      named.map(({ where }) => where),
      ['parts.job', 'parts.job_id_seq'],
    );
    assert.match(named[0]!.what, /left out: it belongs to the extension jobs/);
    assert.equal(report.leftOut!.find(({ what }) => /tables of extensions/.test(what))?.count, 1);
  } finally {
    await docker.getImage(repo).remove({ force: true });
  }
});
