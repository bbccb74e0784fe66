import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { removeInstallation } from '../../services/engine/clean-up.ts';
import { captureDatabase } from '../../services/snapshots/capture/capture.ts';
import { docker, startPostgres, type TestPostgres, testHost } from '../support/postgres.ts';
import { captureOf, reader, startOn } from '../support/source.ts';

const MB = 2 ** 20;
/** A field of 100 MB, as COPY prints it; a row passes a worker in one piece, so what it holds at once is a multiple of it. */
const fieldBytes = 100 * MB;
const mostTimes = 6;
const lengths = `SELECT id, md5(kept) AS kept, length(masked) > ${fieldBytes / 8} AS long, md5(bytes) AS bytes FROM public.large ORDER BY id`;
const keep = { keep: 'says nothing about anybody' };

if (process.argv[2] === 'capture') {
  // In a process of its own, whose memory counts nothing else.
  const host = testHost();
  const source = { url: process.argv[3]!, limits: { workers: 1 } };
  const tables = { 'public.large': { id: keep, kept: keep, masked: { mask: 'text' }, bytes: keep } };
  const options = captureOf(host, source, { policy: { tables } });
  const report = await captureDatabase(options);
  const stack = await startOn(options.target.volume);
  const client = await stack.connect('shop');
  const { rows } = await client.query(lengths);
  await client.end();
  await stack.remove();
  await removeInstallation(docker, host.installation);
  process.send!({ rows, bytes: report.tables[0]!.bytes, peakBytes: process.resourceUsage().maxRSS * 1024 });
  process.disconnect();
} else {
  let production: TestPostgres;
  before(async () => {
    process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
    production = await startPostgres();
    await production.createDatabase(
      'shop',
      `CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data;
       CREATE TABLE large (id int, kept text, masked text, bytes bytea);
       INSERT INTO large SELECT n, repeat('words and ', ${fieldBytes / 10}), NULL, NULL FROM generate_series(1, 3) n;
       INSERT INTO large SELECT 4, NULL, NULL, decode(repeat('00ff', ${fieldBytes / 4}), 'hex');
       INSERT INTO large SELECT 5, NULL, repeat('words and ', ${fieldBytes / 40}), NULL;`,
    );
  });
  after(async () => {
    await production?.remove();
    await rm(tmpdir(), { recursive: true });
  });

  test('values of 100 MB arrive whole, and a worker holds no more than a few of them at once', async () => {
    const child = fork(import.meta.filename, ['capture', production.url('shop', reader)], {
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    const ended = once(child, 'exit').then(([code]) => assert.fail(`it ended with code ${code}`));
    const [answer] = (await Promise.race([once(child, 'message'), ended])) as [
      { rows: object[]; bytes: number; peakBytes: number },
    ];
    const client = await production.connect('shop');
    const { rows } = await client.query(lengths);
    await client.end();
    assert.deepEqual(answer.rows, rows);
    // Half of the bytea's, which are not printed while they pass.
    assert.ok(answer.bytes > 3.7 * fieldBytes);
    console.log(`peak ${Math.round(answer.peakBytes / MB)} MB`);
    assert.ok(answer.peakBytes < 250 * MB + mostTimes * fieldBytes, `${answer.peakBytes / MB} MB`);
  });
}
