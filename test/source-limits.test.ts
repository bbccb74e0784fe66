import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import { readPools } from '../services/snapshots/capture/pools.ts';
import type { SourceAddress } from '../services/sources/address.ts';
import { createPace } from '../services/sources/pace.ts';
import { previewTable } from '../services/sources/preview.ts';
import { probeSource } from '../services/sources/probe.ts';
import { inReadOnlyTransaction } from '../services/sources/session.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import {
  captureOf,
  noSessionLeft,
  policy,
  reader,
  refusal,
  refusedCapture,
  schema,
  tableBytes,
} from './support/source.ts';

const host = testHost();
let production: TestPostgres;
/** Another user of the source. */
let other: pg.Client;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  await production.createDatabase('shop', schema);
  other = await production.connect('shop');
});

after(async () => {
  await other?.end();
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const source = (limits: SourceAddress['limits']): SourceAddress => ({
  url: production.url('shop', reader),
  ...(limits ? { limits } : {}),
});

test('a rate holds over all workers together: a capture takes at least the time it must', async () => {
  const { durationMs, tables } = await captureDatabase(captureOf(host, source({ megabytesPerSecond: 1, workers: 4 })));
  assert.deepEqual(
    tables.map(({ rows }) => rows),
    [1000, 1000, 1000, 1000],
  );
  const leastMs = (4 * tableBytes) / 1000;
  assert.ok(durationMs.copy! > leastMs * 0.95, `${durationMs.copy} ms; it must take ${leastMs} ms`);
});

test('the values of a column that is shuffled are read at that rate too, all of them', async () => {
  const place = { schema: 'app', table: 'a', column: 'id', isPartitioned: false, ignoresCase: false };
  const pool = { name: 'column app.a.id', columns: [place] };
  const pace = createPace(1);
  const key = Buffer.alloc(32, 'k');
  const pools = await inReadOnlyTransaction(source({}), 10_000, (client) =>
    readPools(client, [pool], { key, pace, signal: new AbortController().signal }),
  );
  assert.equal(pools.get(pool.name)!.size, 1000);
  assert.notEqual(new BigInt64Array(pace.usedUntil)[0], 0n);
});

test('a session has no parallel workers of the server', async () => {
  await other.query(`ALTER ROLE reader SET max_parallel_workers_per_gather = 4`);
  const workers = await inReadOnlyTransaction(source({}), 10_000, async (client) => {
    const { rows } = await client.query<{ workers: string }>(
      `SELECT current_setting('max_parallel_workers_per_gather') AS workers`,
    );
    return rows[0]!.workers;
  }).finally(() => other.query(`ALTER ROLE reader RESET max_parallel_workers_per_gather`));
  assert.equal(workers, '0');
});

test('a capture holds no more sessions than its workers and two that coordinate; the server sees to it here', async () => {
  const limitTo = (sessions: number) => other.query(`ALTER ROLE reader CONNECTION LIMIT ${sessions}`);
  try {
    for (const workers of [1, 3]) {
      await limitTo(workers + 2);
      await captureDatabase(captureOf(host, source({ workers })));
      await noSessionLeft(production);
    }
    // With room for one of them only: three did want to be there.
    await limitTo(2);
    const problem = await refusedCapture(captureOf(host, source({ workers: 3 })), production);
    assert.equal(problem.code, 'source-refused');
    assert.match(problem.message, /too many connections/);
  } finally {
    await limitTo(-1);
  }
});

const lockLastTable = () => other.query('BEGIN; LOCK TABLE app.d IN ACCESS EXCLUSIVE MODE');

for (const [what, moment] of [
  ['the catalog', undefined],
  ['the schema', 'starting an empty Postgres'],
  // The first tables are slow to copy.
  ['rows', 'copying and masking rows'],
] as const) {
  test(`who waits for a lock on the source while reading ${what} gives up after lockTimeoutMs, and is told of which table`, async () => {
    let locked = moment === undefined ? lockLastTable() : undefined;
    await locked;
    const limits = { lockTimeoutMs: 100, megabytesPerSecond: 0.5, workers: 1 };
    const options = captureOf(host, source(limits), {
      onProgress(message) {
        if (message === moment) locked ??= lockLastTable();
      },
    });
    try {
      const problem = await refusedCapture(options, production);
      assert.equal(problem.code, 'source-refused');
      assert.equal(problem.where, 'app.d');
      assert.match(problem.remedy!, /lockTimeoutMs/);
    } finally {
      await locked;
      await other.query('ROLLBACK');
    }
  });
}

test('who previews a locked table is told of which one a lock was waited for; a probe waits for none', async () => {
  await lockLastTable();
  try {
    const address = source({ lockTimeoutMs: 100 });
    assert.equal((await probeSource(address)).readable, true);
    const problem = await refusal(previewTable({ address, key: Buffer.alloc(32), policy }, 'app.d', 5));
    assert.deepEqual([problem.code, problem.where], ['source-refused', 'app.d']);
    assert.match(problem.message, /others hold a lock on app\.d/);
  } finally {
    await other.query('ROLLBACK');
  }
});

test('tables of schemas that are not chosen may be locked', async () => {
  await other.query(
    `CREATE SCHEMA aside; CREATE TABLE aside.busy (id serial); CREATE VIEW aside.shown AS SELECT id FROM aside.busy`,
  );
  await other.query('BEGIN; LOCK TABLE aside.busy IN ACCESS EXCLUSIVE MODE');
  try {
    const chosen = { ...source({ lockTimeoutMs: 100 }), schemas: ['app'] };
    assert.equal((await probeSource(chosen)).tables.length, 4);
    const { tables } = await captureDatabase(captureOf(host, chosen));
    assert.equal(tables.length, 4);
  } finally {
    await other.query('ROLLBACK; DROP SCHEMA aside CASCADE');
  }
});

test('a statement that takes longer than statementTimeoutMs ends the capture', async () => {
  await other.query('BEGIN; LOCK TABLE app.a IN ACCESS EXCLUSIVE MODE');
  const limits = { statementTimeoutMs: 200, lockTimeoutMs: 60_000 };
  const problem = await refusedCapture(captureOf(host, source(limits)), production);
  await other.query('ROLLBACK');
  assert.equal(problem.code, 'source-refused');
  assert.match(problem.message, /57014/);
  assert.match(problem.remedy!, /statementTimeoutMs/);
});

test('the login’s own statement_timeout holds where the source has none; the source’s counts before it', async () => {
  await other.query(`ALTER ROLE reader SET statement_timeout = '200ms'`);
  await other.query('BEGIN; LOCK TABLE app.a IN ACCESS EXCLUSIVE MODE');
  const timeoutIn = (limits: SourceAddress['limits'], most: number) =>
    inReadOnlyTransaction(source(limits), most, async (client) => {
      const { rows } = await client.query<{ timeout: string }>(
        `SELECT current_setting('statement_timeout') AS timeout`,
      );
      return rows[0]!.timeout;
    });
  try {
    const problem = await refusedCapture(captureOf(host, source({ lockTimeoutMs: 60_000 })), production);
    assert.match(problem.message, /57014/);
    assert.match(problem.remedy!, /login’s statement_timeout/);
    assert.equal(await timeoutIn(undefined, 10_000), '200ms');
    assert.equal(await timeoutIn(undefined, 100), '100ms');
    assert.equal(await timeoutIn({ statementTimeoutMs: 5000 }, 10_000), '5s');
  } finally {
    await other.query('ROLLBACK; ALTER ROLE reader RESET statement_timeout');
  }
});
