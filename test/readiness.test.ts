import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../examples/demo/client.ts';
import type { components } from '../openapi/types.ts';
import { docker, startService, type TestService } from './support/service.ts';
import { capture, composeFile, createShop, createStack, type Production, startProduction } from './support/shop.ts';

type Schemas = components['schemas'];

/** Budgets of time that a busy machine keeps. */
const patient = { maxLockMs: 600_000, maxStallMs: 600_000 };

let service: TestService;
let production: Production;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  await createShop(service);
  await service.call('PUT', '/v1/projects/shop', {
    bundle: { files: { 'compose.yaml': composeFile } },
    readiness: patient,
  });
  await capture(service, production);
});
after(async () => {
  await production.remove();
  await service.remove();
});

const release = (version: string, more: object = {}) => {
  const image = `shop-backend:${version}`;
  return service.call<Schemas['Release']>('POST', '/v1/projects/shop/releases', {
    version,
    commit: 'abcdef0123',
    services: { backend: { image, variables: { FLAG: version } }, migrator: { image }, ...more },
  });
};
const readiness = (version: string, query = '') =>
  service.call<Schemas['Readiness']>('GET', `/v1/projects/shop/releases/${version}/readiness${query}`);
const rehearse = async (version: string, more: object = {}) => {
  const wish = { kind: 'rehearsal', project: 'shop', release: { version }, ...more };
  await service.follow(await service.call<Operation>('POST', '/v1/migration-runs', wish));
};
const check = ({ checks }: Schemas['Readiness'], id: string) => checks.find((one) => one.id === id);

test('a release is recorded once; values of its variables are never shown, not even by a diff', async () => {
  const made = await release('v1');
  await release('v2');
  const [v1, v2] = await Promise.all(['v1', 'v2'].map((tag) => docker.getImage(`shop-backend:${tag}`).inspect()));
  assert.deepEqual(made.services.backend, { image: 'shop-backend:v1', resolved: v1!.Id, variableNames: ['FLAG'] });
  await assert.rejects(release('v1'), /has a release v1 already/);
  const { items } = await service.call<{ items: Schemas['Release'][] }>('GET', '/v1/projects/shop/releases');
  assert.deepEqual(items.map(({ version }) => version).sort(), ['v1', 'v2']);
  const diff = await service.call<Schemas['ReleaseDiff']>('GET', '/v1/projects/shop/releases/v2/diff?from=v1');
  const resolved = { from: v1!.Id, to: v2!.Id };
  const image = { from: 'shop-backend:v1', to: 'shop-backend:v2', resolved };
  assert.deepEqual(diff.services, [
    { service: 'backend', image, variables: [{ name: 'FLAG', change: 'changed' }] },
    { service: 'migrator', image, variables: [] },
  ]);
});

test('without a rehearsal nothing is known: INCONCLUSIVE, never a pass', async () => {
  const answer = await readiness('v1');
  assert.equal(answer.verdict, 'INCONCLUSIVE');
  assert.equal(check(answer, 'rehearsal')!.status, 'no_data');
});

test('a release whose rehearsal passed, on a stack that answers, is READY', async () => {
  await createStack(service, 'qa', { release: { version: 'v0' } });
  await rehearse('v1');
  const answer = await readiness('v1', '?stack=qa');
  assert.equal(answer.verdict, 'READY', JSON.stringify(answer.reasons));
  assert.deepEqual(
    answer.checks.map(({ id }) => id),
    [
      'images',
      'snapshot',
      'rehearsal',
      'findings',
      'rewrites',
      'locks',
      'stall',
      'duration',
      'wal',
      'disk',
      'reversible',
      'drift',
      'services',
      'smoke',
    ],
  );
  assert.match(check(answer, 'smoke')!.observed, /^\/ 200, \/assets\/\S+ 200; it runs v0$/);
  assert.match(check(answer, 'rehearsal')!.evidence!, /^\/v1\/migration-runs\/run-/);
  const text = await service.call<string>('GET', '/v1/projects/shop/releases/v1/readiness?format=text&stack=qa');
  assert.match(text, /^READY {2}shop v1 on qa\n/);
  const markdown = await service.call<string>('GET', '/v1/projects/shop/releases/v1/readiness?format=markdown');
  assert.match(markdown, /^### READY: shop v1\n[\s\S]*\| ✓ pass \| Migrations rehearsed \|/);
});

test('a large table rewritten is NOT_READY, and migration, statement and table are named', async () => {
  await rehearse('v2');
  const bundle = { files: { 'compose.yaml': composeFile } };
  const project = (more: object) =>
    service.call('PUT', '/v1/projects/shop', { bundle, readiness: { ...patient, ...more } });
  const found = check(await readiness('v2'), 'findings')!;
  assert.equal(found.status, 'fail');
  assert.match(found.observed, /^drop-column: shop\.customers\.notes in m\d+_000011_customer_notes: ALTER TABLE/);

  const accepted = { rule: 'drop-column', where: 'shop.customers.notes', reason: 'no code reads it since v1' };
  await project({ acceptedFindings: [{ ...accepted, until: '2020-01-01' }] });
  assert.equal(check(await readiness('v2'), 'findings')!.status, 'fail', 'what has expired counts again');
  await project({ acceptedFindings: [{ ...accepted, until: '2999-01-01' }] });
  const now = await readiness('v2');
  assert.equal(now.verdict, 'READY_WITH_WARNINGS', 'at a hundredth of the size it is within the default budgets');
  assert.equal(check(now, 'findings')!.status, 'warn');

  await project({ maxRewriteBytes: 1000 });
  const answer = await readiness('v2');
  assert.equal(answer.verdict, 'NOT_READY');
  const rewrites = check(answer, 'rewrites')!;
  assert.equal(rewrites.status, 'fail');
  assert.match(
    rewrites.observed,
    /m\d+\w*order_items\w* rewrites shop\.order_items \(.*column type changed\): ALTER TABLE/i,
  );
  assert.ok(answer.reasons.some((reason) => reason.includes('shop.order_items')));
});

test('a rehearsal without the pass among readers and writers does not say that others can go on', async () => {
  await rehearse('v2', { impact: false });
  const { status, remedy } = check(await readiness('v2'), 'stall')!;
  assert.equal(status, 'no_data');
  assert.match(remedy!, /Rehearse again/);
});

test('a service that is down is a fail, not an error passed over', async () => {
  const { execFileSync } = await import('node:child_process');
  execFileSync('docker', ['stop', '-t', '1', `gr-${service.installation}-qa_frontend-1`]);
  const answer = await readiness('v1', '?stack=qa');
  assert.equal(answer.verdict, 'NOT_READY');
  assert.equal(check(answer, 'services')!.status, 'fail');
  assert.equal(check(answer, 'smoke')!.status, 'fail');
});

test('a rehearsal of a migrator that is defined otherwise now is stale', async () => {
  const changed = composeFile.replace('ROLE: migrator', 'ROLE: migrator\n      LOCK_TIMEOUT: 5s');
  await service.call('PUT', '/v1/projects/shop', {
    bundle: { files: { 'compose.yaml': changed } },
    readiness: patient,
  });
  const { status, observed } = check(await readiness('v1'), 'rehearsal')!;
  assert.equal(status, 'stale');
  assert.match(observed, /definition of migrator has changed/);
  await service.call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': composeFile } } });
});

test('a rehearsal on an older snapshot, or of another image, is stale', async () => {
  const wish = { project: 'shop', source: 'production' };
  await service.follow(await service.call<Operation>('POST', '/v1/snapshots', wish));
  const answer = await readiness('v1');
  assert.equal(answer.verdict, 'INCONCLUSIVE');
  assert.equal(check(answer, 'rehearsal')!.status, 'stale');
  await service.call('DELETE', '/v1/projects/shop/releases/v1');
  await release('v1', { migrator: { image: 'shop-backend:v2' } });
  assert.match(check(await readiness('v1'), 'rehearsal')!.observed, /another image of migrator/);
});

test('metrics tell operations, stacks and how data is cloned', async () => {
  const metrics = await service.call<string>('GET', '/metrics');
  assert.match(metrics, /greenroom_operations_ended\{kind="migration\.rehearse",outcome="succeeded"\} 3\n/);
  assert.match(metrics, /greenroom_operations_seconds_sum\{kind="snapshot\.capture",outcome="succeeded"\} [\d.]+\n/);
  assert.match(metrics, /greenroom_stacks\{kind="ephemeral",state="ready"\} 1\n/);
  assert.match(metrics, /greenroom_host_clone_mode\{host="local",mode="(reflink|copy)"\} 1\n/);
});
