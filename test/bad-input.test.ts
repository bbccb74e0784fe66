import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../examples/demo/client.ts';
import type { Problem, Snapshot, StackDetail } from '../openapi/aliases.ts';
import { label } from '../services/engine/labels.ts';
import { docker, startService, type TestService } from './support/service.ts';
import {
  capture,
  composeFile,
  createShop,
  createStack,
  type Production,
  policy,
  startProduction,
} from './support/shop.ts';

let service: TestService;
let production: Production;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  await createShop(service);
});
after(async () => {
  await production.remove();
  await service.remove();
});

/** Sends a request that must be refused and returns the problem. */
async function refused(status: number, method: string, path: string, body?: unknown): Promise<Problem> {
  const answer = await fetch(service.url + path, {
    method,
    headers: { Authorization: `Bearer ${service.token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const problem = (await answer.json()) as Problem;
  assert.equal(answer.status, status, JSON.stringify(problem));
  assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  assert.equal(problem.status, status);
  assert.equal(problem.requestId, answer.headers.get('x-request-id'));
  assert.ok(problem.detail && problem.where && problem.remedy, JSON.stringify(problem));
  return problem;
}

/** Runs an operation that must fail and returns its problem. */
async function failing(operation: Operation): Promise<Problem> {
  await service.follow(operation).catch(() => {});
  const ended = await service.call<Operation>('GET', `/v1/operations/${operation.id}`);
  assert.equal(ended.state, 'failed');
  return ended.error!;
}

/** What this installation has on the engine, but for what every installation keeps. */
async function leftovers(): Promise<string[]> {
  const filters = { label: [`${label.installation}=${service.installation}`] };
  const [containers, { Volumes: volumes }, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listVolumes({ filters: filters as never }),
    docker.listNetworks({ filters }),
  ]);
  return [...containers, ...(volumes ?? []), ...networks]
    .map(({ Labels }) => `${Labels?.[label.kind]} ${Labels?.[label.stack] ?? Labels?.[label.snapshot] ?? ''}`.trim())
    .filter((thing) => !['helper', 'work', 'cluster'].includes(thing));
}

const bundleOf = (compose: string) => ({ bundle: { files: { 'compose.yaml': compose } } });
const newProject = (compose: string) => ({ name: 'wrong', ...bundleOf(compose) });

test('a body that is no JSON, has unknown keys or wrong values', async () => {
  assert.equal((await refused(400, 'POST', '/v1/projects', '{')).code, 'invalid-request');
  const unknown = await refused(400, 'POST', '/v1/snapshots', { project: 'shop', source: 'production', speed: 'fast' });
  assert.deepEqual(unknown.errors, [{ where: '/body/speed', what: 'is not known there' }]);
  const wrong = await refused(400, 'POST', '/v1/stacks', { name: 'Über', project: 'shop', release: {} });
  assert.deepEqual(new Set(wrong.errors!.map(({ where }) => where)), new Set(['/body/name', '/body/release/version']));
  await refused(400, 'GET', '/v1/operations?limit=lots');
  await refused(400, 'GET', '/v1/operations?subject=%00');
  await refused(400, 'POST', '/v1/tokens', { name: 'nul\u0000', scopes: ['read'] });
});

test('a method that is not for a path, and a body of another kind', async () => {
  assert.equal((await refused(405, 'PUT', '/v1/stacks', {})).code, 'method-not-allowed');
  const answer = await fetch(`${service.url}/v1/tokens`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${service.token}`, 'Content-Type': 'text/plain' },
    body: 'name',
  });
  const problem = (await answer.json()) as Problem;
  assert.equal(answer.status, 415);
  assert.equal(problem.remedy, 'Send the body as Content-Type: application/json.');
  await service.call('POST', '/v1/projects/shop/sources', { name: 'nightly', dump: {} });
  const dump = await refused(415, 'POST', '/v1/projects/shop/sources/nightly/snapshots', {});
  assert.equal(dump.remedy, 'Send the body as Content-Type: application/octet-stream.');
});

test('names and ids that do not exist', async () => {
  for (const path of [
    '/v1/projects/none',
    '/v1/projects/none/plan',
    '/v1/projects/shop/sources/none',
    '/v1/snapshots/snap-000000000000',
    '/v1/stacks/none',
    '/v1/operations/4b0ee6ac-6a6e-4f0a-9a3a-0c3b3f7a2a11',
    '/v1/nothing',
  ]) {
    assert.equal((await refused(404, 'GET', path)).code, 'not-found', path);
  }
  await refused(404, 'POST', '/v1/stacks', { name: 'x', project: 'none', release: { version: '1' } });
});

test('a Compose file that cannot be used says every mistake and its place', async () => {
  const cases: [string, RegExp, string][] = [
    ['a dependency cycle', /a.*b.*a/, 'services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}'],
    ['a missing variable', /TAG/, `services: {a: {image: "x:\${TAG:?say which}"}}`],
    ['an unsupported key', /gpus/, 'services: {a: {image: x, gpus: all}}'],
    ['a privileged service', /privileged/, 'services: {a: {image: x, privileged: true}}'],
    [
      'the engine’s socket',
      /docker\.sock/,
      'services: {a: {image: x, volumes: ["/var/run/docker.sock:/var/run/docker.sock"]}}',
    ],
    ['a host namespace', /pid|network_mode/, 'services: {a: {image: x, pid: host, network_mode: host}}'],
    ['no YAML', /compose\.yaml/, 'services: {a: [}'],
    [
      'an unknown service',
      /ghost/,
      'services: {a: {image: x}}\nx-greenroom: {database: {service: ghost, name: a, schema: b}}',
    ],
  ];
  for (const [what, says, compose] of cases) {
    const problem = await refused(422, 'POST', '/v1/projects', newProject(compose));
    assert.equal(problem.code, 'compose-invalid', what);
    assert.match(JSON.stringify(problem.errors ?? problem), says, what);
  }
  await refused(404, 'GET', '/v1/projects/wrong');
});

test('a source that cannot be reached, refuses the login, or hides rows', async () => {
  const source = (name: string, url: string) =>
    service.call('POST', '/v1/projects/shop/sources', { name, url, policy });
  const wrongPassword = production.url.replace('production-reporting', 'not-the-password');
  await source('refusing', wrongPassword);
  await source('absent', 'postgres://u:hidden-secret@127.0.0.1:1/db');
  await source('elsewhere', production.url.replace('/shop', '/no_such_database'));
  const replicas = [production.url, 'postgres://u:hidden-secret@replica'];
  const nowhere = { name: 'odd', url: production.url, replicas };
  assert.equal((await refused(400, 'POST', '/v1/projects/shop/sources', nowhere)).where, '/replicas/1');
  const refusing = await refused(502, 'POST', '/v1/projects/shop/sources/refusing/probe');
  assert.equal(refusing.code, 'source-refused');
  const absent = await refused(502, 'POST', '/v1/projects/shop/sources/absent/probe');
  assert.equal(absent.code, 'source-unreachable');
  assert.match(absent.detail, /127\.0\.0\.1:1/);
  assert.equal((await refused(502, 'POST', '/v1/projects/shop/sources/elsewhere/probe')).code, 'source-refused');
  for (const name of ['refusing', 'absent']) {
    const operation = await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: name });
    assert.match((await failing(operation)).code, /^source-/);
    assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${operation.subject}`)).state, 'failed');
  }
  assert.ok(!service.output().includes('not-the-password') && !service.output().includes('hidden-secret'));
  assert.deepEqual(await leftovers(), []);
});

test('a policy that is missing, wrong, or leaves a column unclassified', async () => {
  await service.call('POST', '/v1/projects/shop/sources', { name: 'bare', url: production.url });
  assert.equal((await refused(409, 'POST', '/v1/snapshots', { project: 'shop', source: 'bare' })).code, 'conflict');
  const put = '/v1/projects/shop/sources/bare/policy';
  const wrong = await refused(422, 'PUT', put, { tables: { 'shop.customers': { email: { mask: 'emial' } } } });
  assert.equal(wrong.errors![0]!.where, 'shop.customers.email');

  const { email: _email, phone: _phone, ...others } = policy.tables['shop.customers']!;
  await service.call('PUT', put, { tables: { ...policy.tables, 'shop.customers': others } });
  const operation = await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'bare' });
  const incomplete = await failing(operation);
  assert.equal(incomplete.code, 'policy-incomplete');
  assert.deepEqual(incomplete.errors!.map(({ where }) => where).sort(), [
    'shop.customers.email',
    'shop.customers.phone',
  ]);
  assert.deepEqual(await leftovers(), []);
});

test('a stack without a snapshot, with an image that cannot be had, or that never gets healthy', async () => {
  assert.equal(
    (await refused(409, 'POST', '/v1/stacks', { name: 'early', project: 'shop', release: { version: '1' } })).code,
    'conflict',
  );
  await service.call('POST', '/v1/projects', { name: 'plain', ...bundleOf('services: {a: {image: x}}') });
  const wish = { name: 'plain', project: 'plain', release: { version: '1' }, snapshot: 'latest' };
  assert.equal(
    (await refused(409, 'POST', '/v1/stacks', wish)).where,
    '/snapshot',
    'it has no database to put one into',
  );
  await capture(service, production);
  const create = (name: string, services: object, more: object = {}) =>
    service.call<Operation>('POST', '/v1/stacks', {
      name,
      project: 'shop',
      release: { version: 'v0', services },
      ...more,
    });

  const absent = await failing(await create('absent', { backend: { image: 'localhost:1/no/such:image' } }));
  assert.equal(absent.code, 'image-unavailable');
  assert.match(absent.detail, /localhost:1\/no\/such:image/);

  const exits = await failing(
    await create(
      'exits',
      { backend: { variables: { DATABASE_URL: 'postgres://shop:x@postgres:1/shop' } } },
      { healthTimeoutSeconds: 20 },
    ),
  );
  assert.equal(exits.code, 'service-unhealthy');
  assert.equal(exits.where, 'services.backend');

  const unknown = await refused(422, 'POST', '/v1/stacks', {
    name: 'odd',
    project: 'shop',
    release: { version: '1', services: { backnd: { image: 'x' } } },
  });
  assert.match(JSON.stringify(unknown), /backnd/);
  assert.equal((await service.call<StackDetail>('GET', '/v1/stacks/absent')).state, 'failed');
  const left = await leftovers();
  assert.ok(
    left.every((thing) => thing.startsWith('snapshot ')),
    left.join(),
  );
});

test('a stack whose health check never passes is timed out whole', async () => {
  const never = composeFile
    .replace('[CMD, backend, healthcheck]', '[CMD, "false"]')
    .replace('retries: 20', 'retries: 3')
    .replace('start_period: 30s', 'start_period: 0s');
  await service.call('PUT', '/v1/projects/shop', bundleOf(never));
  const operation = await service.call<Operation>('POST', '/v1/stacks', {
    name: 'sick',
    project: 'shop',
    release: { version: 'v0' },
  });
  const problem = await failing(operation);
  assert.equal(problem.code, 'service-unhealthy');
  assert.match(problem.detail, /backend/);
  const log = await service.call<string>('GET', `/v1/operations/${operation.id}/log`);
  assert.match(log, /last lines of backend/);
  assert.ok((await leftovers()).every((thing) => thing.startsWith('snapshot ')));
  await service.call('PUT', '/v1/projects/shop', bundleOf(composeFile));
});

test('requests that do not fit the present state', async () => {
  await createStack(service, 'busy');
  assert.equal(
    (await refused(409, 'POST', '/v1/stacks', { name: 'busy', project: 'shop', release: { version: '1' } })).code,
    'conflict',
  );
  assert.equal(
    (await refused(409, 'POST', '/v1/projects', { name: 'shop', ...bundleOf(composeFile) })).code,
    'conflict',
  );
  assert.equal((await refused(409, 'DELETE', '/v1/projects/shop')).code, 'conflict');
  const deleting = await service.call<Operation>('DELETE', '/v1/stacks/busy');
  await service.follow(deleting);
  assert.equal((await refused(409, 'POST', `/v1/operations/${deleting.id}/cancel`)).code, 'conflict');
  await refused(404, 'POST', '/v1/stacks/busy/reset');
});
