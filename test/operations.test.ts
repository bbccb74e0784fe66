import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Operation } from '../examples/demo/client.ts';
import type { Snapshot, StackDetail } from '../openapi/aliases.ts';
import { exec } from '../services/engine/exec.ts';
import { label } from '../services/engine/labels.ts';
import { docker, startService, type TestService, until } from './support/service.ts';
import { capture, createShop, createStack, type Production, policy, startProduction } from './support/shop.ts';

let service: TestService;
let production: Production;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction({ scale: '0.3' })]);
  await createShop(service);
});
after(async () => {
  await production.remove();
  await service.remove();
});

const operation = (id: string) => service.call<Operation>('GET', `/v1/operations/${id}`);
const ended = async (id: string) => !['queued', 'running'].includes((await operation(id)).state);
const things = async (kind: string) => {
  const filters = { label: [`${label.installation}=${service.installation}`, `${label.kind}=${kind}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters: filters as never });
  const networks = await docker.listNetworks({ filters });
  return containers.length + (volumes ?? []).length + networks.length;
};
/** Sessions that greenroom has open on production. */
const sessions = async () => {
  const client = new pg.Client({ connectionString: production.url });
  await client.connect();
  const { rows } = await client.query(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name ~ 'greenroom|pg_dump'`,
  );
  await client.end();
  return rows[0].n as number;
};

test('a capture that is cancelled leaves nothing, here or on the source', async () => {
  await service.call('POST', '/v1/projects/shop/sources', { name: 'cancelled', url: production.url, policy });
  const started = await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'cancelled' });
  await until(async () => /copying/.test((await operation(started.id)).progress?.message ?? ''));
  await service.call('POST', `/v1/operations/${started.id}/cancel`);
  await until(() => ended(started.id));
  const { state, error } = await operation(started.id);
  assert.equal(state, 'cancelled');
  assert.equal(error!.code, 'cancelled');
  assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${started.subject}`)).state, 'failed');
  assert.equal((await things('capture')) + (await things('snapshot')), 0);
  await until(async () => (await sessions()) === 0);
});

test('an operation is followed by server-sent events: steps, progress, log, result', async () => {
  await capture(service, production);
  const wish = { name: 'followed', project: 'shop', release: { version: 'v0' } };
  const started = await service.call<Operation>('POST', '/v1/stacks', wish);
  const seen: Operation[] = [];
  const done = await service.follow(started, (now) => seen.push(now));
  assert.ok(seen.length >= 4, `${seen.length} changes were told`);
  assert.equal(seen.at(-1)!.state, 'succeeded');
  assert.ok(seen.some(({ progress }) => progress !== undefined));
  assert.deepEqual(
    done.steps.map(({ name, state }) => [name, state]),
    [
      ['images', 'done'],
      ['networks', 'done'],
      ['data', 'done'],
      ['database', 'done'],
      ['migrations', 'done'],
      ['services', 'done'],
    ],
  );
  const answer = await fetch(`${service.url}/v1/operations/${started.id}/stream`, {
    headers: { Authorization: `Bearer ${service.token}` },
  });
  const text = await answer.text();
  assert.match(text, /event: log\ndata: \{"at":"[^"]+","line":"cloned snap-/);
  assert.match(await service.call<string>('GET', `/v1/operations/${started.id}/log`), /frontend: up/);
  assert.equal(done.requestedBy, 'first admin');
});

test('kill -9 in the middle of a create: the next process goes on where it was', async () => {
  const started = await service.call<Operation>('POST', '/v1/stacks', {
    name: 'resumed',
    project: 'shop',
    release: { version: 'v0' },
  });
  await until(async () => (await operation(started.id)).steps.some(({ name }) => name === 'services'));
  await service.kill('SIGKILL');
  await service.start();
  await until(() => ended(started.id));
  const { state, attempt, steps } = await operation(started.id);
  assert.equal(state, 'succeeded');
  assert.equal(attempt, 2);
  assert.deepEqual(
    steps.map(({ name }) => name),
    ['images', 'networks', 'data', 'database', 'migrations', 'services'],
  );
  const detail = await service.call<StackDetail>('GET', '/v1/stacks/resumed');
  assert.equal(detail.state, 'ready');
  assert.equal((await fetch(`${service.url}/s/resumed/api/customers?limit=1`)).status, 200);
});

test('connections to greenroom’s own database that break are made again; the operation goes on under a new lock', async () => {
  const wish = { name: 'unlocked', project: 'shop', release: { version: 'v0' } };
  const started = await service.call<Operation>('POST', '/v1/stacks', wish);
  await until(async () => (await operation(started.id)).steps.some(({ name }) => name === 'services'));
  const cut = await exec({ docker }, service.databaseContainer, {
    command: [
      'psql',
      '-XqAt',
      '-U',
      'greenroom',
      '-c',
      `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE application_name IN ('greenroom lock', 'greenroom listen')`,
    ],
  });
  assert.equal(cut.stdout.trim(), '2');
  await until(() => ended(started.id));
  const { state, attempt } = await operation(started.id);
  assert.equal(state, 'succeeded');
  assert.equal(attempt, 2);
  assert.equal((await fetch(`${service.url}/s/unlocked/api/customers?limit=1`)).status, 200);
});

test('kill -9 in the middle of a capture: it begins anew, and nothing of the first attempt is left', async () => {
  await service.call('POST', '/v1/projects/shop/sources', { name: 'killed', url: production.url, policy });
  const started = await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'killed' });
  await until(async () => /copying/.test((await operation(started.id)).progress?.message ?? ''));
  await service.kill('SIGKILL');
  await service.start();
  await until(() => ended(started.id));
  assert.equal((await operation(started.id)).state, 'succeeded');
  assert.equal(await things('capture'), 0);
  assert.equal(await things('snapshot'), 2);
});

test('deleting a stack that is being created cancels the creation first', async () => {
  const creating = await service.call<Operation>('POST', '/v1/stacks', {
    name: 'brief',
    project: 'shop',
    release: { version: 'v0' },
  });
  const deleting = await service.call<Operation>('DELETE', '/v1/stacks/brief');
  await service.follow(deleting);
  await until(() => ended(creating.id));
  assert.ok(['cancelled', 'succeeded'].includes((await operation(creating.id)).state));
  const filters = { label: [`${label.stack}=brief`, `${label.installation}=${service.installation}`] };
  assert.deepEqual(await docker.listContainers({ all: true, filters }), []);
});

test('an ephemeral stack goes at its deadline; what no record explains is removed', async () => {
  await createStack(service, 'short', { ttlMinutes: 1 });
  const name = `gr-${service.installation}-ghost`;
  await docker.createVolume({
    Name: name,
    Labels: { [label.installation]: service.installation, [label.kind]: 'stack', [label.stack]: 'ghost' },
  });
  await until(async () => !(await docker.listVolumes()).Volumes.some((volume) => volume.Name === name));
  const { deadline } = await service.call<StackDetail>('GET', '/v1/stacks/short');
  const left = Date.parse(deadline!) - Date.now();
  assert.ok(left > 0 && left <= 60_000);
  await new Promise((resolve) => setTimeout(resolve, left));
  await until(async () => (await fetch(`${service.url}/s/short/`)).status === 404);
  const { items } = await service.call<{ items: { actor: string; action: string }[] }>(
    'GET',
    '/v1/events?subject=short',
  );
  assert.ok(items.some(({ actor, action }) => actor === 'greenroom (deadline)' && action === 'stack.delete'));
});
