import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { inspect } from 'node:util';
import type pg from 'pg';
import type { Host } from '../../services/engine/host.ts';
import { nameOf } from '../../services/engine/labels.ts';
import { Problem } from '../../services/errors.ts';
import { tableName } from '../../services/masking/catalog.ts';
import { type CaptureOptions, captureDatabase } from '../../services/snapshots/capture/capture.ts';
import type { SourceAddress } from '../../services/sources/address.ts';
import { readCatalog } from '../../services/sources/catalog.ts';
import { docker, image, startPostgres, type TestPostgres } from './postgres.ts';
import { until } from './service.ts';

/** A database with a login that may read it all, and four tables for workers to share. */
export const schema = `
CREATE ROLE reader LOGIN PASSWORD 'r3ad3r-s3cr3t' BYPASSRLS IN ROLE pg_read_all_data;
CREATE SCHEMA app;
${['a', 'b', 'c', 'd']
  .map(
    (name) => `CREATE TABLE app.${name} (id integer PRIMARY KEY, words text NOT NULL);
ALTER TABLE app.${name} ALTER words SET STORAGE PLAIN;
INSERT INTO app.${name} SELECT n, repeat('word ', 180) FROM generate_series(1, 1000) n;`,
  )
  .join('\n')}
ANALYZE;
`;
/** Rows of one table of it as COPY writes them: 900 bytes of words, tab, newline, and 1 to 4 digits. */
export const tableBytes = 1000 * (900 + 2) + 9 + 2 * 90 + 3 * 900 + 4;
export const reader = { user: 'reader', password: 'r3ad3r-s3cr3t' };

const keep = { keep: 'says nothing about anybody' };
export const policy = {
  tables: Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`app.${name}`, { id: keep, words: keep }])),
};

/** A policy that keeps whatever a database has. */
export async function keepEverything(client: pg.Client): Promise<unknown> {
  const { tables } = await readCatalog(client);
  const classified = tables.filter(({ kind, partitionOf }) => (kind === 'r' || kind === 'p') && partitionOf === null);
  const rules = classified.map((table) => {
    const columns = table.columns.filter(({ generated }) => !generated);
    return [tableName(table), Object.fromEntries(columns.map(({ name }) => [name, keep]))];
  });
  return { tables: Object.fromEntries(rules) };
}

export function captureOf(host: Host, source: SourceAddress, more: Partial<CaptureOptions> = {}): CaptureOptions {
  const volume = nameOf(host.installation, `snap-${randomBytes(4).toString('hex')}`);
  const labels = { 'greenroom.installation': host.installation, 'greenroom.test': '1' };
  return {
    host,
    source,
    policy,
    key: Buffer.alloc(32, 'k'),
    database: 'shop',
    schema: 'app',
    target: {
      image,
      container: `${volume}-capture`,
      containerLabels: labels,
      volume,
      volumeLabels: labels,
      mountTarget: '/var/lib/postgresql/data',
      pgdata: '/var/lib/postgresql/data',
      superuser: 'postgres',
      initdbArgs: undefined,
    },
    signal: new AbortController().signal,
    onProgress: () => {},
    ...more,
  };
}

/** A server on a snapshot's volume, which has the capture's password. */
export async function startOn(volume: string): Promise<TestPostgres> {
  const stack = await startPostgres({ volume });
  await stack.run(['psql', '-XqU', 'postgres', '-c', `ALTER ROLE postgres PASSWORD '${stack.password}'`]);
  return stack;
}

/** What `work` was refused with; it must say nothing of the secrets. */
export async function refusal(work: Promise<unknown>, secrets: string[] = []): Promise<Problem> {
  const problem = await work.then(
    () => assert.fail('it should have been refused'),
    (error: unknown) => error as Problem,
  );
  assert.ok(problem instanceof Problem, inspect(problem));
  const said = JSON.stringify(problem.toDocument()) + inspect(problem, { depth: 6 });
  for (const secret of [reader.password, ...secrets]) assert.ok(!said.includes(secret), `a secret in ${said}`);
  return problem;
}

/** A capture that fails: nothing of it is left on the engine, in the temporary folder or on the source. */
export async function refusedCapture(
  options: CaptureOptions,
  production: TestPostgres,
  secrets: string[] = [],
): Promise<Problem> {
  const problem = await refusal(captureDatabase(options), secrets);
  const { container, volume } = options.target;
  const containers = (await docker.listContainers({ all: true })).flatMap(({ Names }) => Names);
  assert.ok(!containers.includes(`/${container}`), 'a container is left');
  const { Volumes: volumes } = await docker.listVolumes();
  assert.ok(!volumes.some(({ Name }) => Name === volume), 'a volume is left');
  assert.deepEqual(await readdir(tmpdir()), []);
  await noSessionLeft(production);
  return problem;
}

/** A session that was closed takes a moment to end on the server. */
export async function noSessionLeft(production: TestPostgres): Promise<void> {
  const client = await production.connect('shop');
  try {
    await until(
      async () => (await client.query("SELECT FROM pg_stat_activity WHERE usename = 'reader'")).rowCount === 0,
    );
  } finally {
    await client.end();
  }
}
