import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type pg from 'pg';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { until } from './support/service.ts';
import { captureOf, noSessionLeft, policy, reader, refusedCapture, schema } from './support/source.ts';

const host = testHost();
let production: TestPostgres;
let other: pg.Client;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  await production.createDatabase('shop', schema);
  other = await production.connect('shop');
});
beforeEach(() =>
  other.query(`DROP TABLE IF EXISTS app.last; CREATE TABLE app.last (id int PRIMARY KEY, word varchar(20));
    INSERT INTO app.last SELECT n, 'w' || n FROM generate_series(1, 5000) n; DELETE FROM app.last WHERE id % 2 = 0`),
);
after(async () => {
  await other?.end();
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const keep = { keep: 'says nothing about anybody' };
/** Four tables of 0.9 MB come first, one after the other, the small one last: so there is time. */
const slow = () => ({
  url: production.url('shop', reader),
  limits: { workers: 1, megabytesPerSecond: 3, lockTimeoutMs: 60_000 },
});
const options = (onCopying: () => Promise<unknown>) => {
  let isCopying = false;
  return captureOf(host, slow(), {
    policy: { tables: { ...policy.tables, 'app.last': { id: keep, word: keep } } },
    onProgress(message) {
      if (isCopying || message !== 'copying and masking rows') return;
      isCopying = true;
      void onCopying();
    },
  });
};

const changes: Record<string, string> = {
  dropped: 'DROP TABLE app.last',
  emptied: 'TRUNCATE app.last',
  'dropped and made again': 'DROP TABLE app.last; CREATE TABLE app.last (id int PRIMARY KEY, word varchar(20))',
  'rewritten by a new type': 'ALTER TABLE app.last ALTER word TYPE int USING 1',
  'rewritten by VACUUM FULL': 'VACUUM FULL app.last',
  'one column less': 'ALTER TABLE app.last DROP COLUMN word',
};

for (const [what, sql] of Object.entries(changes)) {
  test(`a table that is ${what} while others are copied: that does not wait, and the capture fails whole`, async () => {
    let changed = false;
    const capture = options(() => other.query(sql).then(() => (changed = true)));
    const problem = await refusedCapture(capture, production);
    assert.ok(changed, 'it waited for the capture');
    assert.equal(problem.where, 'app.last');
    assert.match(problem.message, /app\.last/);
    assert.match(problem.remedy!, /Ask again when no migration/);
  });
}

test('what changes nothing of what was captured changes nothing: rows, a new column, a new table', async () => {
  const capture = options(() =>
    other.query(`DELETE FROM app.last WHERE id < 100; ALTER TABLE app.last ADD more int DEFAULT 3; INSERT INTO app.last VALUES (9000, 'x');
      ALTER TABLE app.last ALTER word TYPE text; CREATE TABLE app.newer (id int)`),
  );
  const { tables } = await captureDatabase(capture);
  await other.query('DROP TABLE app.newer');
  assert.equal(tables.find(({ name }) => name === 'app.last')!.rows, 2500);
  assert.equal(tables.length, 5);
});

test('a table of which a column is shuffled is let go of before rows are copied: an ALTER TABLE does not wait', async () => {
  await other.query(`CREATE VIEW app.words AS SELECT word FROM app.last`);
  let changed = false;
  const capture = options(() => other.query('ALTER TABLE app.last ADD more int').then(() => (changed = true)));
  const { tables: rules } = capture.policy as typeof policy;
  capture.policy = { tables: { ...rules, 'app.last': { id: keep, word: { mask: 'shuffle' } } } };
  // Behind an ALTER that waits, the copy would wait too.
  capture.source = { ...slow(), limits: { ...slow().limits, lockTimeoutMs: 2000 } };
  const { tables } = await captureDatabase(capture).finally(() => other.query('DROP VIEW app.words'));
  assert.ok(changed, 'it waited for the capture');
  assert.equal(tables.find(({ name }) => name === 'app.last')!.rows, 2500);
});

const again: Record<string, { before?: string; after?: () => Promise<unknown> }> = {
  '': {},
  ', though the server does not let it in again at first': {
    before: 'ALTER ROLE reader CONNECTION LIMIT 1',
    async after() {
      await until(async () => (await production.log()).split('too many connections for role').length > 2);
      await other.query('ALTER ROLE reader CONNECTION LIMIT -1');
    },
  },
};

for (const [but, { before, after }] of Object.entries(again)) {
  test(`a copying session that is lost in the middle of a table begins that table anew, on the same snapshot${but}`, async () => {
    const terminate = async () => {
      const copying = `FROM pg_stat_activity WHERE usename = 'reader' AND query LIKE 'COPY%' AND wait_event = 'ClientWrite'`;
      await until(async () => (await other.query(`SELECT ${copying}`)).rowCount === 1);
      if (before) await other.query(before);
      await until(async () => (await other.query(`SELECT pg_terminate_backend(pid) ${copying}`)).rowCount === 1);
      await other.query(`INSERT INTO app.last VALUES (9001, 'later')`);
      await after?.();
    };
    // More than the sockets on the way take up: its session waits for the capture to read on.
    await other.query(
      'CREATE TABLE app.wide AS SELECT n AS id, repeat(md5(n::text), 300) AS filler FROM generate_series(1, 1500) n',
    );
    let terminated: Promise<void> | undefined;
    const said: string[] = [];
    const capture = options(() => {
      terminated = terminate();
      return terminated;
    });
    const { tables: rules } = capture.policy as typeof policy;
    capture.policy = { tables: { ...rules, 'app.wide': { id: keep, filler: keep } } };
    const { onProgress } = capture;
    capture.onProgress = (message) => {
      said.push(message);
      onProgress(message);
    };
    const { tables } = await captureDatabase(capture).finally(() => other.query('DROP TABLE app.wide'));
    await terminated;
    assert.ok(
      said.some((message) => /^copying app\.\w+ again: .*terminat/i.test(message)),
      said.join('\n'),
    );
    assert.deepEqual(
      tables.map(({ rows }) => rows),
      [1000, 1000, 1000, 1000, 2500, 1500],
    );
    await noSessionLeft(production);
  });
}

test('cancelled while it waits for a lock on the source: its sessions are gone in a moment', async () => {
  const controller = new AbortController();
  const waiting = options(() => other.query('BEGIN; LOCK TABLE app.last IN ACCESS EXCLUSIVE MODE'));
  const capture = captureDatabase({ ...waiting, signal: controller.signal });
  capture.catch(() => {});
  const second = await production.connect('shop');
  try {
    await until(
      async () =>
        (await second.query("SELECT FROM pg_stat_activity WHERE usename = 'reader' AND wait_event_type = 'Lock'"))
          .rowCount === 1,
    );
    controller.abort(new Error('cancelled by the test'));
    await assert.rejects(capture, /cancelled by the test/);
    // The lock is held still: nothing but the closed connection ends them.
    await noSessionLeft(production);
  } finally {
    await other.query('ROLLBACK');
    await second.end();
  }
});
