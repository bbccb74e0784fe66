import { randomBytes } from 'node:crypto';
import { addressOf } from '../../services/engine/dial.ts';
import { exec } from '../../services/engine/exec.ts';
import type { Host } from '../../services/engine/host.ts';
import { ensureImage } from '../../services/engine/images.ts';
import { label } from '../../services/engine/labels.ts';
import { createVolume, removeVolume } from '../../services/engine/volumes.ts';
import { captureDatabase } from '../../services/snapshots/capture/capture.ts';
import { ask, firstQuery, password, startPostgres, stop, withHost } from './support.ts';

const rows = 1_000_000;
const rounds = 3;

/**
 * Capture of a million rows of ten columns, four of them masked, over the plain tools on the same data in turn:
 * `pg_dump -Fd -j2` and `pg_restore -j2` into a server that runs already. Both sides read the same source.
 */
export async function run(): Promise<object> {
  return withHost(async (host) => {
    const source = `gr-${host.installation}-source`;
    await createVolume(host, source, { [label.installation]: host.installation });
    await startPostgres(host, source);
    await firstQuery(host, source);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await firstQuery(host, source);
    process.stdout.write('making a million rows\n');
    await ask(host, source, table);
    await ask(host, source, 'VACUUM ANALYZE people');
    const url = `postgres://postgres:${password}@${await addressOf(host, source)}:5432/postgres`;

    const ratios: number[] = [];
    const captures: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const capture = await timed(() => captureOnce(host, url));
      const plain = await timedPlain(host, source);
      captures.push(capture);
      ratios.push(capture / plain);
      process.stdout.write(`capture ${Math.round(capture)} ms, pg_dump + pg_restore ${Math.round(plain)} ms\n`);
    }
    const middle = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
    await stop(host, source);
    return {
      ratio: Math.round(middle(ratios) * 100) / 100,
      peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
      rows_per_s: Math.round(rows / (middle(captures) / 1000)),
    };
  });
}

const table = `
CREATE TABLE people (
  id bigint PRIMARY KEY, full_name text NOT NULL, email text NOT NULL UNIQUE, phone text, note text,
  city text, active boolean, score numeric(8, 2), created_at timestamptz, tags text[]);
INSERT INTO people SELECT i, initcap(substr(md5(i::text), 1, 7)) || ' ' || initcap(substr(md5('l' || i), 1, 9)), 'u' || i || '@' || substr(md5('d' || i), 1, 8) || '.example',
  '+49 30 ' || (10000000 + i), 'Called about ' || md5('n' || i) || ' and will call again on ' || md5('m' || i),
  'City ' || i % 5000, i % 3 = 0, (i % 100000) / 7.0, timestamptz '2024-01-01' + i * interval '1 second', ARRAY['a' || i % 10, 'b' || i % 7]
FROM generate_series(1, ${rows}) i`;

const keep = { keep: 'measured unmasked' };
const policy = {
  tables: {
    'public.people': {
      ...{
        id: keep,
        full_name: { mask: 'full_name' },
        email: { mask: 'email' },
        phone: { mask: 'phone' },
        note: { mask: 'text' },
      },
      ...{ city: keep, active: keep, score: keep, created_at: keep, tags: keep },
    },
  },
};
const key = randomBytes(32);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function captureOnce(host: Host, url: string): Promise<void> {
  const name = `gr-${host.installation}-snapshot`;
  const labels = { [label.installation]: host.installation };
  const report = await captureDatabase({
    host,
    source: { url },
    policy,
    key,
    database: 'app',
    schema: 'public',
    target: {
      image: (await ensureImage(host, 'postgres:17')).Id,
      container: `${name}-capture`,
      containerLabels: labels,
      volume: name,
      volumeLabels: labels,
      mountTarget: '/var/lib/postgresql/data',
      pgdata: '/var/lib/postgresql/data',
      superuser: 'postgres',
      initdbArgs: undefined,
      network: 'bridge',
    },
    signal: new AbortController().signal,
    onProgress() {},
  });
  process.stdout.write(`${JSON.stringify(report.durationMs)}\n`);
  await removeVolume(host, name);
}

async function timedPlain(host: Host, source: string): Promise<number> {
  const target = `gr-${host.installation}-plain`;
  await createVolume(host, target, { [label.installation]: host.installation });
  await startPostgres(host, target);
  await firstQuery(host, target);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const from = await addressOf(host, source);
  const script = `rm -rf /tmp/d && pg_dump -Fd -j2 -h ${from} -U postgres -f /tmp/d postgres && pg_restore -j2 -h 127.0.0.1 -U postgres -d postgres /tmp/d`;
  const ms = await timed(async () => {
    const result = await exec(host, target, { command: ['sh', '-c', script], environment: { PGPASSWORD: password } });
    if (result.exitCode !== 0) throw new Error(result.stderr);
  });
  await stop(host, target);
  await removeVolume(host, target);
  return ms;
}
