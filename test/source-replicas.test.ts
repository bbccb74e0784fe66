import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import { serverOf } from '../services/sources/address.ts';
import { probeSource } from '../services/sources/probe.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { startReplica } from './support/replica.ts';
import { until } from './support/service.ts';
import { captureOf, noSessionLeft, policy, reader, refusedCapture, schema } from './support/source.ts';

const host = testHost();
const keep = { keep: 'says nothing about anybody' };
const policyToo = { tables: { ...policy.tables, 'app.scratch': { id: keep } } };
let primary: TestPostgres;
let replica: Awaited<ReturnType<typeof startReplica>>;
let onPrimary: pg.Client;
let onReplica: pg.Client;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  // Its own vacuuming would conflict with whatever is read of the replica, at any time.
  primary = await startPostgres({ settings: { wal_level: 'replica', autovacuum: 'off' } });
  await primary.createDatabase(
    'shop',
    `${schema}; CREATE UNLOGGED TABLE app.scratch (id int); INSERT INTO app.scratch VALUES (1);`,
  );
  replica = await startReplica(primary);
  onPrimary = await primary.connect('shop');
  onReplica = await replica.connect('shop');
});

after(async () => {
  await onPrimary?.end();
  await onReplica?.end();
  await replica?.remove();
  await primary?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const source = (replicas: string[], limits = {}) => ({ url: primary.url('shop', reader), replicas, limits });
const replicaUrl = () => replica.url('shop', reader);
const sessionsOnPrimary = async () =>
  (await onPrimary.query("SELECT FROM pg_stat_activity WHERE usename = 'reader'")).rowCount;
const rowsOf = ({ tables }: { tables: { name: string; rows: number }[] }) =>
  Object.fromEntries(tables.map(({ name, rows }) => [name, rows]));
const all = { 'app.a': 1000, 'app.b': 1000, 'app.c': 1000, 'app.d': 1000 };

test('a replica is read, by all sessions on one snapshot, and the primary is left alone', async () => {
  const { replicas } = await probeSource(source([replicaUrl()]));
  assert.equal(replicas[0]!.usable, true);
  let seen = 0;
  const options = captureOf(host, source([replicaUrl()], { workers: 2, megabytesPerSecond: 2 }), {
    policy: policyToo,
    onProgress(message) {
      if (message.startsWith('copying and masking')) void sessionsOnPrimary().then((count) => (seen += count ?? 0));
    },
  });
  const report = await captureDatabase(options);
  assert.equal(report.source.server, serverOf({ url: replicaUrl() }));
  assert.equal(typeof report.source.replayDelayMs, 'number');
  assert.equal(seen, 0);
  // A replica has no rows of unlogged tables, which would otherwise end the capture.
  assert.deepEqual(rowsOf(report), { ...all, 'app.scratch': 0 });
  assert.deepEqual(
    report.warnings.map(({ where }) => where),
    [serverOf({ url: replicaUrl() }), 'app.scratch'],
  );
});

test('one that does not answer, is no replica or is too far behind is passed over, and the report says so', async () => {
  // A replica that has replayed nothing does not know how far behind it is.
  await onPrimary.query('UPDATE app.a SET words = words WHERE id = 1');
  await until(async () => {
    const { rows } = await onReplica.query('SELECT pg_last_xact_replay_timestamp() AS at');
    return rows[0].at !== null;
  });
  await onReplica.query('SELECT pg_wal_replay_pause()');
  try {
    await onPrimary.query('UPDATE app.a SET words = words WHERE id = 1');
    await until(
      async () =>
        (await onReplica.query('SELECT FROM (VALUES (1)) v WHERE pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()'))
          .rowCount === 1,
    );
    const absent = 'postgres://u:s3cr3t@127.0.0.1:1/shop';
    const replicas = [absent, primary.url('shop', reader), replicaUrl()];
    const report = await captureDatabase(
      captureOf(host, source(replicas, { replayDelayMs: 1 }), { policy: policyToo }),
    );
    const probe = await probeSource(source(replicas, { replayDelayMs: 1 }));
    assert.deepEqual(
      probe.replicas.map(({ usable }) => usable),
      [false, false, false],
    );
    assert.equal(report.source.server, serverOf({ url: primary.url('shop') }));
    assert.equal(report.source.replayDelayMs, undefined);
    assert.deepEqual(rowsOf(report), { ...all, 'app.scratch': 1 });
    assert.deepEqual(
      report.warnings.map(
        ({ what }) => /cannot be reached|is no replica|behind its primary|without TLS/.exec(what)?.[0],
      ),
      ['cannot be reached', 'is no replica', 'behind its primary', 'without TLS'],
    );
    assert.ok(!JSON.stringify(report).includes('s3cr3t'));
  } finally {
    await onReplica.query('SELECT pg_wal_replay_resume()');
  }
});

test('what conflicts with its recovery is read anew, whole', async () => {
  let vacuumed: Promise<unknown> | undefined;
  const options = captureOf(host, source([replicaUrl()], { workers: 2, megabytesPerSecond: 1 }), {
    policy: policyToo,
    onProgress(message) {
      if (!message.startsWith('copying and masking')) return;
      // Rows that the replica's snapshot sees, gone from the primary.
      vacuumed ??= onPrimary
        .query('UPDATE app.d SET words = upper(words) WHERE id < 100')
        .then(() => onPrimary.query('VACUUM app.d'));
    },
  });
  const report = await captureDatabase(options);
  await vacuumed;
  assert.equal(report.source.server, serverOf({ url: replicaUrl() }), JSON.stringify(report.warnings));
  assert.deepEqual(rowsOf(report), { ...all, 'app.scratch': 0 });
  assert.match(report.warnings[0]!.what, /thrown away.*broke off/);
  await noSessionLeft(primary);
});

test('a primary that cannot be read either is what the capture fails with', async () => {
  const wrong = {
    url: primary.url('shop', { user: 'reader', password: 'wr0ng' }),
    replicas: ['postgres://u:p@127.0.0.1:1/x'],
  };
  const problem = await refusedCapture(captureOf(host, wrong, { policy: policyToo }), primary, ['wr0ng']);
  assert.equal(problem.code, 'source-refused');
  assert.equal(problem.where, serverOf(wrong));
});
