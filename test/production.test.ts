import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../examples/demo/client.ts';
import type { components } from '../openapi/types.ts';
import { exec } from '../services/engine/exec.ts';
import type { Production as Asked } from '../services/migrations/production.ts';
import type { RehearsalReport } from '../services/rehearsals/report.ts';
import { docker, startService, type TestService } from './support/service.ts';
import { composeFile, createShop, createStack, type Production, policy, startProduction } from './support/shop.ts';

type Schemas = components['schemas'];

/** Budgets of time that a busy machine keeps. */
const patient = { maxLockMs: 600_000, maxStallMs: 600_000, maxMigrationMs: 3_600_000 };

let service: TestService;
let production: Production;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  await createShop(service);
  await budgets({});
  // What a search_path shortens, what prints otherwise once it is restored, what no snapshot has.
  await inProduction(`
    CREATE FUNCTION public.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    ALTER TABLE shop.orders ADD COLUMN one int DEFAULT public.one();
    ALTER TABLE shop.customers ADD COLUMN tier varchar(10) CHECK (tier IN ('gold', 'it''s'));
    CREATE VIEW shop.gilded AS SELECT id FROM shop.customers WHERE tier IN ('gold', 'silver');
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
    CREATE FOREIGN TABLE shop.remote (id int NOT NULL CHECK (id > 0)) SERVER elsewhere;
    CREATE INDEX half_built ON shop.orders (one);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.half_built'::regclass;
    COMMENT ON TABLE shop.orders IS 'all of them';`);
  const tables = {
    ...policy.tables,
    'shop.customers': { ...policy.tables['shop.customers'], tier: { keep: 'a word of ours' } },
    'shop.orders': { ...policy.tables['shop.orders'], one: { keep: 'always 1' } },
  };
  const source = { name: 'production', url: production.url, policy: { ...policy, tables } };
  await service.call('POST', '/v1/projects/shop/sources', source);
  await service.follow(
    await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'production' }),
  );
  for (const version of ['v1', 'v2']) {
    const image = `shop-backend:${version}`;
    const services = { backend: { image }, migrator: { image } };
    await service.call('POST', '/v1/projects/shop/releases', { version, services });
  }
});
after(async () => {
  await production.remove();
  await service.remove();
});

async function inProduction(sql: string): Promise<void> {
  const command = ['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', 'shop', '-f', '-'];
  const { exitCode, stderr } = await exec({ docker }, production.name, { command, input: sql });
  assert.equal(exitCode, 0, stderr);
}
const budgets = (more: object) =>
  service.call('PUT', '/v1/projects/shop', {
    bundle: { files: { 'compose.yaml': composeFile } },
    readiness: { ...patient, ...more },
  });
const ask = async <Report>(version: string, more: object) => {
  const wish = { kind: 'rehearsal', project: 'shop', release: { version }, ...more };
  const operation = await service.call<Operation>('POST', '/v1/migration-runs', wish);
  await service.follow(operation);
  return service.call<{ id: string; state: string; report: Report }>('GET', `/v1/migration-runs/${operation.subject}`);
};
const rehearse = (version: string, source?: string) =>
  ask<RehearsalReport>(version, { impact: false, ...(source ? { source } : {}) });
const checkOf = async (version: string, id: string) => {
  const { checks } = await service.call<Schemas['Readiness']>('GET', `/v1/projects/shop/releases/${version}/readiness`);
  return checks.find((one) => one.id === id)!;
};
const reasonsOf = async (version: string) =>
  (await service.call<Schemas['Readiness']>('GET', `/v1/projects/shop/releases/${version}/readiness`)).reasons;

test('production as it was captured is no drift, whatever a snapshot leaves out or prints otherwise', async () => {
  const { state, report } = await rehearse('v1', 'production');
  assert.equal(state, 'passed', report.reasons.join());
  const found = report.production!;
  assert.equal(found.error, undefined);
  assert.deepEqual(found.drift, []);
  assert.deepEqual(report.warnings, []);
  assert.deepEqual(found.leftOut, ['index shop.half_built', 'table shop.remote']);
  assert.deepEqual(found.pending, ['m20250201_000008_customers_locale']);
  assert.equal(found.applied!.length, 7);
  assert.deepEqual([found.unknown, found.outOfOrder], [[], []]);
  assert.match(found.fingerprint!, /^[0-9a-f]{64}$/);
  const orders = found.tables!.find(({ name }) => name === 'shop.orders')!;
  assert.ok(orders.tableBytes > 0 && orders.copyBytes > 0 && orders.estimatedRows > 0);
  assert.equal((await checkOf('v1', 'drift')).status, 'pass');
});

test('a source that cannot be read is said, and fails nothing', async () => {
  const url = production.url.replace(/@.*/, '@127.0.0.1:1/shop');
  await service.call('POST', '/v1/projects/shop/sources', { name: 'away', url });
  const { state, report } = await rehearse('v1', 'away');
  assert.equal(state, 'passed');
  assert.equal(report.production!.error!.code, 'source-unreachable');
  assert.match(report.warnings.join(), /production \(away\) could not be read: 127\.0\.0\.1:1 cannot be reached/);
  assert.ok(!JSON.stringify(report).includes('production-reporting'), 'no password of the source');
  const { status, observed } = await checkOf('v1', 'drift');
  assert.equal(status, 'no_data');
  assert.match(observed, /could not be read/);
  assert.ok(!(await reasonsOf('v1')).some((reason) => reason.startsWith('drift')), 'it does not count');
  await assert.rejects(rehearse('v1', 'nowhere'), /has no source nowhere/);
});

test('where production’s tables are larger, what depends on size is extrapolated, and budgets are held against that', async () => {
  await rehearse('v2');
  await budgets({ maxRewriteBytes: 4 << 20 });
  assert.equal((await checkOf('v2', 'rewrites')).status, 'pass', 'on the clone it is small');
  await inProduction(
    'ALTER TABLE shop.order_items SET (fillfactor = 10); VACUUM FULL shop.order_items; ALTER TABLE shop.order_items RESET (fillfactor)',
  );
  const { id, state, report } = await rehearse('v2', 'production');
  assert.equal(state, 'passed', report.reasons.join());
  assert.deepEqual(report.production!.drift, []);
  const [work, ...others] = report.extrapolated!;
  assert.deepEqual(others, [], 'the other tables are as large as the clone’s');
  assert.equal(work!.table, 'shop.order_items');
  assert.equal(work!.what, 'rewritten');
  const size = report.production!.tables!.find(({ name }) => name === 'shop.order_items')!;
  assert.deepEqual([work!.cloneBytes, work!.productionBytes], [size.copyBytes, size.tableBytes]);
  assert.equal(work!.ratio, Math.round((size.tableBytes / size.copyBytes) * 100) / 100);
  assert.ok(work!.ratio > 4, `${work!.ratio}`);
  assert.equal(work!.ms, Math.round(work!.measuredMs * work!.ratio));
  assert.equal(work!.lock!.mode, 'AccessExclusiveLock');
  assert.equal(work!.heldMs, work!.lock!.measuredHeldMs + work!.ms - work!.measuredMs);

  const [rewrite] = report.up.rewrites;
  const both = /MiB on the clone, about [\d.]+ MiB at production’s size/;
  await budgets({ maxRewriteBytes: rewrite!.sizeBytes + 1, maxDiskBytes: report.disk.measuredPeakBytes + 1 });
  const [rewrites, disk] = [await checkOf('v2', 'rewrites'), await checkOf('v2', 'disk')];
  assert.equal(rewrites.status, 'fail');
  assert.match(rewrites.observed, both);
  assert.equal(disk.status, 'fail');
  assert.match(disk.observed, /about [\d.]+ MiB more at production’s size, the old copy of shop\.order_items included/);
  await budgets({ maxLockMs: work!.heldMs! - 1 });
  const locks = await checkOf('v2', 'locks');
  assert.equal(locks.status, 'fail');
  assert.match(locks.observed, new RegExp(`shop\\.order_items for .*about ${work!.heldMs} ms at production’s size`));
  await budgets({});

  for (const format of ['text', 'markdown', 'html']) {
    const answer = await fetch(`${service.url}/v1/migration-runs/${id}/report?format=${format}`, {
      headers: { authorization: `Bearer ${service.token}` },
    });
    assert.match(
      (await answer.text()).replaceAll('\\', ''),
      new RegExp(`shop.order_items is ${work!.ratio} times as large in production`),
      format,
    );
  }
});

test('what somebody changed in production is drift: a warning, and no failure of the rehearsal', async () => {
  await createStack(service, 'qa');
  await inProduction(`
    ALTER TABLE shop.orders ADD COLUMN by_hand text NOT NULL DEFAULT '';
    DROP INDEX shop.customers_city_idx;
    ALTER TABLE shop.customers ALTER COLUMN tier SET DEFAULT 'gold';`);
  const { state, report } = await rehearse('v1', 'production');
  assert.equal(state, 'passed');
  const drift = report.production!.drift!.map(({ change, object }) => `${change} ${object}`).sort();
  const expected = [
    'added column shop.orders.by_hand',
    'changed column shop.customers.tier',
    'removed index shop.customers_city_idx',
  ];
  assert.deepEqual(drift, expected);
  assert.match(report.warnings.join(), /column shop\.orders\.by_hand is in production only/);
  assert.equal((await checkOf('v1', 'drift')).status, 'warn');

  const onStack = await ask<{ production: Asked; warnings: string[] }>('v1', {
    ...{ kind: 'status', stack: 'qa', source: 'production' },
  });
  assert.equal(onStack.report.production.against, 'stack');
  assert.deepEqual(
    onStack.report.production.drift!.map(({ change, object }) => `${change} ${object}`).sort(),
    expected,
  );

  await inProduction(`INSERT INTO shop.seaql_migrations VALUES ('m20990101_000001_later', 0)`);
  const later = await rehearse('v1', 'production');
  assert.deepEqual(later.report.production!.unknown, ['m20990101_000001_later']);
  assert.equal(later.state, 'passed');
  const { status, observed } = await checkOf('v1', 'drift');
  assert.equal(status, 'fail');
  assert.match(observed, /does not know, its `up` would refuse: m20990101_000001_later/);
});
