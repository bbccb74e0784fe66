import { randomBytes } from 'node:crypto';
import { addressOf } from '../../services/engine/dial.ts';
import { exec } from '../../services/engine/exec.ts';
import { outputOf } from '../../services/engine/exec-output.ts';
import { runInHelper } from '../../services/engine/helper.ts';
import type { Host } from '../../services/engine/host.ts';
import { ensureImage } from '../../services/engine/images.ts';
import { label } from '../../services/engine/labels.ts';
import { createVolume, removeVolume } from '../../services/engine/volumes.ts';
import { type CaptureOptions, captureDatabase } from '../../services/snapshots/capture/capture.ts';
import { cores } from '../../services/snapshots/capture/copy-data.ts';
import type { CaptureReport } from '../../services/snapshots/capture/report.ts';
import { captureDump } from '../../services/snapshots/capture-dump.ts';
import { receiveDump } from '../../services/sources/dump/receive.ts';
import { type RoomSpec, removeRoom } from '../../services/sources/dump/room.ts';
import { ask, firstQuery, median, password, startPostgres, stop, withHost } from './support.ts';

const rows = 1_000_000;
const rounds = 3;
const tables = 40;
const megabytes = 2000;

interface Dataset {
  sql: string;
  policy: object;
}

/**
 * Capture of a million rows of ten columns, four of them masked, over the plain tools on the same data in turn:
 * `pg_dump -Fd -j2` and `pg_restore -j2` into a server that runs already. Both sides read the same source. The audit
 * counts apart, what it collects while rows are copied included, over the same plain time. `related` is the same of a
 * million rows in 40 tables that refer to each other; `dump` captures a custom-format file of the same million, over
 * `pg_restore -j2` of it. `peak_rss_mb` is greenroom's memory at its most, once 2 GB have been captured, too.
 */
export async function run(): Promise<object> {
  return withHost(async (host) => {
    const one = await measured(host, people);
    const dump = await measuredDump(host);
    const related = await measured(host, relatedTables());
    await withSource(host, filler, async (url) => {
      process.stdout.write(`capturing ${megabytes} MB\n`);
      await captureOnce(host, url, filler.policy);
    });
    return { ...one, peak_rss_mb: peakMegabytes(), related, dump };
  });
}

const peakMegabytes = () => Math.round(process.resourceUsage().maxRSS / 1024);
const hundredths = (value: number) => Math.round(value * 100) / 100;

async function measured(host: Host, dataset: Dataset): Promise<object> {
  return withSource(host, dataset, async (url, source) => {
    const found: { capture: number; audit: number; plain: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      await rest(host);
      const { ms, auditMs } = await captureOnce(host, url, dataset.policy);
      const plain = await timedPlain(host, source);
      found.push({ capture: ms - auditMs, audit: auditMs, plain });
      const parts = `capture ${Math.round(ms - auditMs)} ms, audit ${Math.round(auditMs)} ms`;
      process.stdout.write(`${parts}, pg_dump + pg_restore ${Math.round(plain)} ms\n`);
    }
    return {
      ratio: hundredths(median(found.map(({ capture, plain }) => capture / plain))),
      audit_ratio: hundredths(median(found.map(({ audit, plain }) => audit / plain))),
      peak_rss_mb: peakMegabytes(),
      rows_per_s: Math.round(rows / (median(found.map(({ capture }) => capture)) / 1000)),
    };
  });
}

/** A running Postgres with this data. */
async function withSource<T>(
  host: Host,
  { sql }: Dataset,
  work: (url: string, source: string) => Promise<T>,
): Promise<T> {
  const source = `gr-${host.installation}-source`;
  await createVolume(host, source, { [label.installation]: host.installation });
  await startPostgres(host, source);
  await settled(host, source);
  process.stdout.write('making the data\n');
  await ask(host, source, `ALTER SYSTEM SET max_wal_size = '4GB'`);
  await ask(host, source, 'SELECT pg_reload_conf()');
  await ask(host, source, sql);
  await ask(host, source, 'VACUUM ANALYZE');
  await ask(host, source, 'CHECKPOINT');
  const result = await work(`postgres://postgres:${password}@${await addressOf(host, source)}:5432/postgres`, source);
  await stop(host, source);
  await removeVolume(host, source);
  return result;
}

/** The disk is busy for a while with what was written, and the engine with what was removed: no part of what comes next. */
async function rest(host: Host): Promise<void> {
  const { exitCode, stderr } = await runInHelper(host, ['sync']);
  if (exitCode !== 0) throw new Error(stderr);
  await new Promise((resolve) => setTimeout(resolve, 2000));
}

/** While the image initialises, a first server answers for a moment. */
async function settled(host: Host, container: string): Promise<void> {
  await firstQuery(host, container);
  await rest(host);
  await firstQuery(host, container);
}

const keep = { keep: 'measured unmasked' };

const people: Dataset = {
  sql: `
CREATE TABLE people (
  id bigint PRIMARY KEY, full_name text NOT NULL, email text NOT NULL UNIQUE, phone text, note text,
  city text, active boolean, score numeric(8, 2), created_at timestamptz, tags text[]);
INSERT INTO people SELECT i, initcap(substr(md5(i::text), 1, 7)) || ' ' || initcap(substr(md5('l' || i), 1, 9)), 'u' || i || '@' || substr(md5('d' || i), 1, 8) || '.example',
  '+49 30 ' || (10000000 + i), 'Called about ' || md5('n' || i) || ' and will call again on ' || md5('m' || i),
  'City ' || i % 5000, i % 3 = 0, (i % 100000) / 7.0, timestamptz '2024-01-01' + i * interval '1 second', ARRAY['a' || i % 10, 'b' || i % 7]
FROM generate_series(1, ${rows}) i`,
  policy: {
    tables: {
      'public.people': {
        ...{ id: keep, full_name: { mask: 'full_name' }, email: { mask: 'email' }, phone: { mask: 'phone' } },
        ...{ note: { mask: 'text' }, city: keep, active: keep, score: keep, created_at: keep, tags: keep },
      },
    },
  },
};

/** Each table refers to the one before it and to the first, as orders, their lines and their payments do. */
function relatedTables(): Dataset {
  const each = rows / tables;
  const names = Array.from({ length: tables }, (_, index) => `t${String(index + 1).padStart(2, '0')}`);
  const sql = names.map(
    (name, index) => `
CREATE TABLE ${name} (id bigint PRIMARY KEY, parent bigint${index > 0 ? ` REFERENCES ${names[index - 1]}` : ''},
  root bigint REFERENCES ${names[0]}, email text NOT NULL UNIQUE, note text, amount numeric(10, 2), created_at timestamptz);
INSERT INTO ${name} SELECT i, i, i, 'u' || i || '@' || substr(md5('${name}' || i), 1, 8) || '.example', 'Note ' || md5('n' || i), i / 7.0,
  timestamptz '2024-01-01' + i * interval '1 second' FROM generate_series(1, ${each}) i;
CREATE INDEX ON ${name} (parent); CREATE INDEX ON ${name} (root)`,
  );
  const masked = { email: { mask: 'email' }, note: { mask: 'text' } };
  const columns = { id: keep, parent: keep, root: keep, ...masked, amount: keep, created_at: keep };
  return {
    sql: sql.join(';'),
    policy: { tables: Object.fromEntries(names.map((name) => [`public.${name}`, columns])) },
  };
}

const filler: Dataset = {
  sql: `CREATE TABLE filler AS SELECT i AS id, 'u' || i || '@example.com' AS email, repeat(md5(i::text), 30) AS filler
    FROM generate_series(1, ${megabytes * 1000}) i`,
  policy: { tables: { 'public.filler': { id: keep, email: { mask: 'email' }, filler: keep } } },
};

const key = randomBytes(32);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function optionsOf(host: Host, policy: object): Promise<Omit<CaptureOptions, 'source'>> {
  const volume = `gr-${host.installation}-snapshot`;
  const labels = { [label.installation]: host.installation };
  const image = (await ensureImage(host, 'postgres:17')).Id;
  return {
    ...{ host, policy, key, database: 'app', schema: 'public' },
    target: {
      ...{ image, container: `${volume}-capture`, containerLabels: labels, volume, volumeLabels: labels },
      ...{ mountTarget: '/var/lib/postgresql/data', pgdata: '/var/lib/postgresql/data' },
      ...{ superuser: 'postgres', initdbArgs: undefined },
    },
    signal: new AbortController().signal,
    onProgress() {},
  };
}

/** What it collects while rows are copied is told as the sum over the threads. */
function auditMsOf({ durationMs, audit }: CaptureReport): number {
  return durationMs.audit! + audit!.durationMs.collect / cores;
}

async function captureOnce(host: Host, url: string, policy: object): Promise<{ ms: number; auditMs: number }> {
  const options = await optionsOf(host, policy);
  let auditMs = 0;
  const ms = await timed(async () => {
    const report = await captureDatabase({ ...options, source: { url } });
    process.stdout.write(`${JSON.stringify(report.durationMs)}\n`);
    auditMs = auditMsOf(report);
  });
  await removeVolume(host, options.target.volume);
  return { ms, auditMs };
}

async function timedPlain(host: Host, source: string): Promise<number> {
  const target = `gr-${host.installation}-plain`;
  await createVolume(host, target, { [label.installation]: host.installation });
  await startPostgres(host, target);
  await settled(host, target);
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

const dumpRounds = 2;

/** A file of `pg_dump -Fc`, from where it was received to the snapshot, over `pg_restore -j2` of the same file into a server that runs already. */
async function measuredDump(host: Host): Promise<object> {
  return withSource(host, people, async (_url, source) => {
    const found: { capture: number; plain: number }[] = [];
    for (let round = 0; round < dumpRounds; round++) {
      await rest(host);
      const capture = await captureDumpOnce(host, source);
      const plain = await timedRestore(host, source);
      found.push({ capture, plain });
      process.stdout.write(`capture of a dump ${Math.round(capture)} ms, pg_restore ${Math.round(plain)} ms\n`);
    }
    return {
      ratio: hundredths(median(found.map(({ capture, plain }) => capture / plain))),
      rows_per_s: Math.round(rows / (median(found.map(({ capture }) => capture)) / 1000)),
      peak_rss_mb: peakMegabytes(),
    };
  });
}

async function captureDumpOnce(host: Host, source: string): Promise<number> {
  const options = await optionsOf(host, people.policy);
  const { volume, image, volumeLabels: labels } = options.target;
  const room: RoomSpec = { host, container: `${volume}-dump`, image, labels, network: 'bridge', limitBytes: 1 << 30 };
  const command = ['pg_dump', '-Fc', '-h', '127.0.0.1', '-U', 'postgres', 'postgres'];
  const received = await receiveDump(room, outputOf(host, source, command));
  let auditMs = 0;
  try {
    const ms = await timed(async () => {
      auditMs = auditMsOf(await captureDump(room, { address: {}, dump: {} }, received, options));
    });
    return ms - auditMs;
  } finally {
    await removeRoom(room);
    await removeVolume(host, volume);
  }
}

async function timedRestore(host: Host, source: string): Promise<number> {
  const target = `gr-${host.installation}-plain`;
  await createVolume(host, target, { [label.installation]: host.installation });
  await startPostgres(host, target);
  await settled(host, target);
  const run = async (script: string) => {
    const result = await exec(host, target, { command: ['sh', '-c', script], environment: { PGPASSWORD: password } });
    if (result.exitCode !== 0) throw new Error(result.stderr);
  };
  await run(`pg_dump -Fc -h ${await addressOf(host, source)} -U postgres -f /tmp/d postgres`);
  const ms = await timed(() => run('pg_restore -j2 -h 127.0.0.1 -U postgres -d postgres /tmp/d'));
  await stop(host, target);
  await removeVolume(host, target);
  return ms;
}
