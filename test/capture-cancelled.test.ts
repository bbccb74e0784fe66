import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { exec } from '../services/engine/exec.ts';
import { Problem } from '../services/errors.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { until } from './support/service.ts';
import { captureOf, reader, refusedCapture } from './support/source.ts';

const host = testHost();
let production: TestPostgres;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  const login = `CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data;`;
  await production.createDatabase('shop', login);
});
after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const keep = { keep: 'says nothing about anybody' };
const words = `CREATE TABLE words (id int, word text); INSERT INTO words VALUES (1, 'one');`;
const statements = {
  'a value that the policy gives is tried': {
    sql: `CREATE DOMAIN word AS text CHECK (public.slow()); ${words} ALTER TABLE words ALTER word TYPE word;`,
    running: '::word',
  },
  'a materialized view is computed': {
    sql: `${words} CREATE MATERIALIZED VIEW computed AS SELECT public.slow();`,
    running: 'REFRESH',
  },
};
/** What the source has computed long ago takes for ever when it is computed again. */
const quickOnce = (sql: string) => `
  CREATE FUNCTION slow() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
  ${sql}
  CREATE OR REPLACE FUNCTION slow() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1e6); RETURN true; END'`;

for (const [what, { sql, running }] of Object.entries(statements)) {
  test(`cancelled while ${what}, which never ends: the capture ends, and nothing of it is left`, async () => {
    const database = running.replace(/\W/g, '').toLowerCase();
    await production.createDatabase(database, quickOnce(sql));
    const controller = new AbortController();
    const policy = { tables: { 'public.words': { id: keep, word: { mask: 'constant', value: 'two' } } } };
    const capture = captureOf(host, { url: production.url(database, reader) }, { policy, signal: controller.signal });
    const refused = refusedCapture(capture, production);
    const sleeping = `SELECT query FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
    const command = ['psql', '-XqAt', '-U', 'postgres', '-c', sleeping];
    await until(async () => {
      const asked = await exec({ docker }, capture.target.container, { command }).catch(() => undefined);
      return asked?.stdout.includes(running) ?? false;
    });
    let problem: Problem | undefined;
    refused.then((found) => {
      problem = found;
    }, assert.ifError);
    controller.abort(new Problem('cancelled', 'cancelled by the test'));
    await until(() => problem !== undefined);
    assert.equal(problem!.code, 'cancelled');
  });
}
