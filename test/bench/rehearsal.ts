import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Operation } from '../../examples/demo/client.ts';
import { addressOf } from '../../services/engine/dial.ts';
import type { Host } from '../../services/engine/host.ts';
import { label } from '../../services/engine/labels.ts';
import { cloneVolume, createVolume, removeVolume } from '../../services/engine/volumes.ts';
import type { ApplyReport } from '../../services/migrations/report.ts';
import { startService, type TestService } from '../support/service.ts';
import { composeFile, policy } from '../support/shop.ts';
import { ask, connect, firstQuery, median, startPostgres, stop, withHost } from './support.ts';

const run$ = promisify(execFile);
const megabytes = 2000;
const rounds = 3;
/** Its migrations, of which the first two are applied: ten are pending. */
const image = 'shop-backend:v2';
const migrations = 10;

/**
 * A rehearsal of ten migrations on a database of 2 GB, from the request to its end, and in turn the bare migrator on
 * clones that are ready, by `docker run`: once `up`, once stepwise (each migration up, down and up again). `impact_s` is what the
 * pass among readers and writers takes on top, a transaction included that makes the migrations wait for a second. Meanwhile
 * production is written to: `freeze_ms` is the longest that one of those writes took.
 *
 * Then the release is applied to a stack on that data. `apply_overhead_s` is what that takes beyond the bare migrator's `up`
 * and the bare switch of the services (stopped and started by `docker`, until they are healthy), and beyond `verify_s`: the
 * backup restored and read, and the database read, for the two to be compared.
 */
export async function run(): Promise<object> {
  return withHost(async (host) => {
    const production = `gr-${host.installation}-production`;
    await makeProduction(host, production);
    const service = await startService();
    try {
      const address = await addressOf(host, production);
      await prepare(service, `postgres://reporting:reporting@${address}:5432/shop`);
      const rehearsed: number[] = [];
      const bare: { ms: number; upMs: number }[] = [];
      const withImpact: number[] = [];
      let freezeMs = 0;
      for (let round = 0; round < rounds; round++) {
        const writer = await write(host, production);
        rehearsed.push(await timed(() => rehearse(service, false)));
        withImpact.push(await timed(() => rehearse(service, true)));
        freezeMs = Math.max(freezeMs, await writer.stop());
        bare.push(await bareTwice(host, production));
        process.stdout.write(
          `rehearsal ${seconds(rehearsed.at(-1)!)} s, bare migrator ${seconds(bare.at(-1)!.ms)} s\n`,
        );
      }
      const [rehearsal, plain] = [median(rehearsed), median(bare.map(({ ms }) => ms))];
      const upMs = median(bare.map((one) => one.upMs));
      const applied: Applied[] = [];
      for (let round = 0; round < rounds; round++) {
        applied.push(await apply(service, `s${round}`));
        const { ms, verifyMs, switchMs } = applied.at(-1)!;
        const parts = `verification ${seconds(verifyMs)} s, bare switch ${seconds(switchMs)} s, bare up ${seconds(upMs)} s`;
        process.stdout.write(`apply ${seconds(ms)} s; ${parts}\n`);
      }
      return {
        bare_s: seconds(plain),
        rehearsal_s: seconds(rehearsal),
        overhead_s: seconds(rehearsal - plain),
        impact_s: seconds(median(withImpact) - rehearsal),
        freeze_ms: Math.round(freezeMs),
        apply_s: seconds(median(applied.map(({ ms }) => ms))),
        apply_overhead_s: seconds(median(applied.map(({ ms, verifyMs, switchMs }) => ms - verifyMs - switchMs - upMs))),
        verify_s: seconds(median(applied.map(({ verifyMs }) => verifyMs))),
      };
    } finally {
      await service.remove();
    }
  });
}

const seconds = (ms: number) => Math.round(ms / 10) / 100;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function makeProduction(host: Host, name: string): Promise<void> {
  process.stdout.write(`making ${megabytes} MB\n`);
  await createVolume(host, name, { [label.installation]: host.installation });
  await startPostgres(host, name);
  await settled(host, name);
  for (const sql of [
    'ALTER SYSTEM SET max_wal_size = 2000',
    `CREATE ROLE shop LOGIN PASSWORD 'shop'`,
    `CREATE ROLE reporting LOGIN PASSWORD 'reporting' BYPASSRLS IN ROLE pg_read_all_data`,
    'CREATE DATABASE shop OWNER shop',
  ]) {
    await ask(host, name, sql);
  }
  await ask(
    host,
    name,
    `CREATE SCHEMA shop AUTHORIZATION shop; ALTER ROLE shop IN DATABASE shop SET search_path = shop;
     CREATE TABLE shop.filler AS SELECT i AS id, repeat(md5(i::text), 31) AS filler FROM generate_series(1, ${megabytes * 1000}) i;
     CREATE TABLE shop.heartbeat (at timestamptz)`,
    'shop',
  );
  await migrate(name, ['up', '-n', '2']);
  await ask(host, name, 'CHECKPOINT');
}

/** While the image initialises, a first server answers for a moment. */
async function settled(host: Host, name: string): Promise<void> {
  await firstQuery(host, name);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await firstQuery(host, name);
}

async function prepare(service: TestService, url: string): Promise<void> {
  const keep = { keep: 'of no interest' };
  const tables = {
    'shop.customers': policy.tables['shop.customers'],
    'shop.addresses': policy.tables['shop.addresses'],
    'shop.seaql_migrations': policy.tables['shop.seaql_migrations'],
    'shop.filler': { id: keep, filler: keep },
    'shop.heartbeat': { at: keep },
  };
  await service.call('POST', '/v1/projects', { name: 'shop', bundle: { files: { 'compose.yaml': composeFile } } });
  await service.call('POST', '/v1/projects/shop/sources', { name: 'production', url, policy: { tables } });
  const wish = { project: 'shop', source: 'production' };
  await service.follow(await service.call<Operation>('POST', '/v1/snapshots', wish));
}

async function rehearse(service: TestService, impact: boolean): Promise<void> {
  const wish = { kind: 'rehearsal', project: 'shop', release, impact };
  const { result } = await service.follow(await service.call<Operation>('POST', '/v1/migration-runs', wish));
  if (!result!.passed) throw new Error(`The rehearsal failed: ${result!.reasons}`);
}

interface Applied {
  ms: number;
  verifyMs: number;
  /** What the plain tool takes to stop and start the same services. */
  switchMs: number;
}

const release = { version: 'v2', services: { backend: { image }, migrator: { image } } };

/** Applies the release to a new stack, once it is held there, as people do. */
async function apply(service: TestService, stack: string): Promise<Applied> {
  const done = async (method: string, path: string, body?: object) =>
    service.follow(await service.call<Operation>(method, path, body));
  const wish = { name: stack, project: 'shop', kind: 'persistent', release: { version: 'v0' } };
  await done('POST', '/v1/stacks', wish);
  const container = (name: string) => `gr-${service.installation}-${stack}_${name}-1`;
  const { result } = await done('POST', `/v1/stacks/${stack}/deploy`, { release, migrate: 'hold' });
  const ms = await timed(() => done('POST', `/v1/stacks/${stack}/apply`));
  const { report } = await service.call<{ report: ApplyReport }>('GET', `/v1/migration-runs/${result!.run}`);
  const verifyMs = report.verification!.verifyMs + report.backup!.readMs;
  const services = ['frontend', 'backend'].map(container);
  const switchMs = await timed(async () => {
    for (const name of services) await run$('docker', ['stop', name]);
    for (const name of services.toReversed()) {
      await run$('docker', ['start', name]);
      await untilHealthy(name);
    }
  });
  await done('DELETE', `/v1/stacks/${stack}`);
  return { ms, verifyMs, switchMs };
}

async function untilHealthy(container: string): Promise<void> {
  const format = '{{.State.Health.Status}}';
  while ((await run$('docker', ['inspect', '--format', format, container])).stdout.trim() !== 'healthy')
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The plain tool: the same commands on clones that run already. */
async function bareTwice(host: Host, production: string): Promise<{ ms: number; upMs: number }> {
  const clones = ['whole', 'steps'].map((name) => `gr-${host.installation}-${name}`);
  await stop(host, production);
  for (const clone of clones) {
    await cloneVolume(host, production, clone, { [label.installation]: host.installation });
    await startPostgres(host, clone);
    await firstQuery(host, clone);
  }
  await startPostgres(host, production);
  await firstQuery(host, production);
  const [whole, steps] = clones as [string, string];
  let upMs = 0;
  const ms = await timed(async () => {
    upMs = await timed(() => migrate(whole, ['up']));
    for (let step = 0; step < migrations; step++) {
      for (const direction of ['up', 'down', 'up']) await migrate(steps, [direction, '-n', '1']);
    }
  });
  for (const clone of clones) {
    await stop(host, clone);
    await removeVolume(host, clone);
  }
  return { ms, upMs };
}

async function migrate(container: string, command: string[]): Promise<void> {
  await run$('docker', [
    ...['run', '--rm', '--network', `container:${container}`, '-e', 'DATABASE_SCHEMA=shop'],
    ...['-e', 'DATABASE_URL=postgres://shop:shop@127.0.0.1:5432/shop', image, 'migrationctl', ...command],
  ]);
}

/** Writes to production, one small transaction after the other. */
async function write(host: Host, production: string): Promise<{ stop(): Promise<number> }> {
  const client = await connect(host, production, 'shop');
  let going = true;
  let longest = 0;
  const writing = (async () => {
    while (going) {
      longest = Math.max(longest, await timed(() => client.query('INSERT INTO shop.heartbeat VALUES (now())')));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await client.end();
  })();
  return {
    async stop() {
      going = false;
      await writing;
      return longest;
    },
  };
}
