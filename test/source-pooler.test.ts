import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { readProduction } from '../services/migrations/production.ts';
import { probeSource } from '../services/sources/probe.ts';
import { suggestForSource } from '../services/sources/suggestion.ts';
import { type Pooler, startPooler } from './support/pooler.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { captureOf, reader, refusal, refusedCapture, schema } from './support/source.ts';

const host = testHost();
/** The application's login; greenroom may have been given the same one. */
const application = { user: 'application', password: 'appl1cat10n' };
let production: TestPostgres;
let pooler: Pooler;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  await production.createDatabase(
    'shop',
    `${schema}; CREATE ROLE application LOGIN SUPERUSER PASSWORD '${application.password}'`,
  );
  pooler = await startPooler(production, [reader, application]);
});
after(async () => {
  await pooler?.remove();
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const source = () => ({ url: pooler.url('shop', application) });

test('a pooler is refused, whatever is asked of it', async () => {
  for (const ask of [
    () => probeSource(source()),
    () => suggestForSource(source(), undefined),
    () => readProduction(source(), 'app', new AbortController().signal),
  ]) {
    const problem = await refusal(ask(), [application.password]);
    assert.equal(problem.code, 'source-refused');
    assert.match(problem.message, /pooler/);
    assert.match(problem.remedy!, /address of the Postgres server itself/);
  }
  const problem = await refusedCapture(captureOf(host, source()), production, [application.password]);
  assert.match(problem.message, /pooler/);
});

test('the application’s next transaction in the session that was asked writes, and finds its settings as they were', async () => {
  const client = new pg.Client({ connectionString: source().url });
  const shown = async () => {
    const { rows } = await client.query<{ pid: number; settings: object }>(
      `SELECT pg_backend_pid() AS pid, jsonb_object_agg(name, setting) AS settings FROM pg_settings
       WHERE name IN ('default_transaction_read_only', 'row_security', 'lock_timeout', 'statement_timeout', 'search_path')`,
    );
    return rows[0]!;
  };
  await client.connect();
  try {
    const before = await shown();
    await probeSource(source()).catch(() => {});
    await client.query(`INSERT INTO app.a VALUES (5000, 'written')`);
    // The same session of the server: there was one, and it was free.
    assert.deepEqual(await shown(), before);
  } finally {
    await client.end();
  }
});
