import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import WebSocket from 'ws';
import type { Operation } from '../examples/demo/client.ts';
import type { StackDetail } from '../openapi/aliases.ts';
import { label } from '../services/engine/labels.ts';
import { docker, startService, type TestService } from './support/service.ts';
import { capture, createShop, createStack, type Production, startProduction } from './support/shop.ts';

const run = promisify(execFile);
const canary = 'kwyzzibex';
const canaryDigits = '73950618';
let service: TestService;
let productions: Production[];
let snapshots: string[];

before(async () => {
  [service, ...productions] = (await Promise.all([
    startService(),
    startProduction({ salt: 'one', canary, canaryDigits }),
    startProduction({ salt: 'two', canary, canaryDigits }),
  ])) as [TestService, Production, Production];
  await createShop(service);
  snapshots = await Promise.all(
    productions.map((production, index) => capture(service, production, `production-${index}`)),
  );
});

after(async () => {
  await Promise.all(productions.map((production) => production.remove().catch(() => {})));
  await service.remove();
});

interface Customers {
  total: number;
  customers: { email: string }[];
}

const emails = async (stack: string) => {
  const answer = await fetch(`${service.url}/s/${stack}/api/customers?limit=200`);
  return ((await answer.json()) as Customers).customers.map(({ email }) => email);
};

const orders = async (stack: string) => {
  const stats = (await (await fetch(`${service.url}/s/${stack}/api/stats`)).json()) as {
    orders?: number;
    tables?: { orders: number };
  };
  return JSON.stringify(stats);
};

test('two stacks from snapshots with different data answer their own rows only', async () => {
  await Promise.all([
    createStack(service, 'one', { snapshot: snapshots[0] }),
    createStack(service, 'two', { snapshot: snapshots[1] }),
  ]);
  const [one, two] = await Promise.all([emails('one'), emails('two')]);
  assert.equal(one.length, 200);
  assert.equal(two.length, 200);
  assert.deepEqual(
    one.filter((email) => two.includes(email)),
    [],
    'no row of one shows in the other',
  );
  assert.deepEqual(
    one.filter((email) => email.includes(canary)),
    [],
  );

  const detail = await service.call<StackDetail>('GET', '/v1/stacks/one');
  assert.equal(detail.state, 'ready');
  assert.deepEqual(
    detail.services.map(({ name, state, health }) => [name, state, health]),
    [
      ['postgres', 'running', 'healthy'],
      ['migrator', 'not started', undefined],
      ['backend', 'running', 'healthy'],
      ['frontend', 'running', 'healthy'],
    ],
  );
});

test('the page, the asset it links and its WebSocket answer by path', async () => {
  for (const stack of ['one', 'two']) {
    const base = `${service.url}/s/${stack}/`;
    const page = await (await fetch(base)).text();
    const asset = /(?:src|href)="([^"]*\/assets\/[^"]+)"/.exec(page)?.[1];
    assert.ok(asset?.startsWith(`/s/${stack}/`), `${asset} stays under the stack's path`);
    assert.equal((await fetch(new URL(asset!, base))).status, 200);
    const [first] = await emails(stack);
    assert.ok(page.includes(first!), 'the page shows a row of the stack’s own');
    assert.equal((await live(`ws://127.0.0.1:${service.port}/s/${stack}/live`, {})).echo, 'hello');
  }
});

test('they answer by name too, WebSocket included', async () => {
  const host = `one.localhost:${service.port}`;
  const { request } = await import('node:http');
  const page = await new Promise<string>((resolve, reject) => {
    request({ port: service.port, host: '127.0.0.1', path: '/', headers: { host } }, async (answer) => {
      resolve(Buffer.concat(await answer.toArray()).toString());
    })
      .on('error', reject)
      .end();
  });
  assert.match(page, /(?:src|href)="\/assets\//);
  assert.equal((await live(`ws://127.0.0.1:${service.port}/live`, { host })).echo, 'hello');
});

/** Says hello on the frontend's WebSocket and returns the echo and the count it pushes. */
function live(url: string, headers: Record<string, string>): Promise<{ customers?: number; echo?: string }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    const heard: { customers?: number; echo?: string } = {};
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (data) => {
      Object.assign(heard, JSON.parse(String(data)));
      if (heard.echo !== undefined && heard.customers !== undefined) {
        socket.close();
        resolve(heard);
      }
    });
    socket.on('error', reject);
  });
}

test('what is written into one stack stays there, and a reset takes it back', async () => {
  const before = { one: await orders('one'), two: await orders('two') };
  const { customers } = (await (await fetch(`${service.url}/s/one/api/customers?limit=1`)).json()) as {
    customers: { id: number }[];
  };
  const answer = await fetch(`${service.url}/s/one/api/orders`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      customerId: customers[0]!.id,
      items: [{ sku: 'A-1', productName: 'A lamp', quantity: 1, unitPriceCents: 1200 }],
    }),
  });
  assert.equal(answer.status, 201, await answer.text());
  assert.notEqual(await orders('one'), before.one);
  assert.equal(await orders('two'), before.two);
  await service.follow(await service.call<Operation>('POST', '/v1/stacks/one/reset'));
  assert.equal(await orders('one'), before.one);
});

test('what the engine runs carries Compose’s labels, on a network of the stack’s own', async () => {
  const containers = await docker.listContainers({ filters: { label: [`${label.stack}=one`] } });
  assert.deepEqual(containers.map(({ Labels }) => Labels['com.docker.compose.service']).sort(), [
    'backend',
    'frontend',
    'postgres',
  ]);
  const networks = new Set(containers.flatMap(({ NetworkSettings }) => Object.keys(NetworkSettings.Networks)));
  for (const network of networks) assert.match(network, new RegExp(`^gr-${service.installation}-one_`));
});

test('logs are read by service, without the plan’s secrets', async () => {
  const logs = await service.call<string>('GET', '/v1/stacks/one/services/backend/logs?tail=50');
  assert.ok(logs.length > 0);
  assert.ok(!logs.includes('shop-dev'));
});

test('no production value is on any disk that greenroom controls, and no secret in its log', async () => {
  const { DockerRootDir: root } = await docker.info();
  const search = async (place: string, text: string) => {
    const { stdout } = await run('grep', ['-rlaF', '--devices=skip', '--', text, place], { maxBuffer: 1 << 24 }).catch(
      (error) => {
        // 1: nothing found; 2: files that vanished meanwhile, what was found still counts.
        if (error.code === 1 || error.code === 2) return { stdout: error.stdout as string };
        throw error;
      },
    );
    return stdout.split('\n').filter(Boolean);
  };
  assert.notDeepEqual(await search(`${root}/volumes`, canary), [], 'the search finds what production itself holds');
  await Promise.all(productions.map((production) => production.remove()));
  await run('sync');
  const temporary = readdirSync(tmpdir()).filter((name) => name.startsWith('greenroom-'));
  const places = [
    ...['volumes', 'containers', 'overlay2'].map((folder) => join(root, folder)),
    service.home,
    ...temporary.map((name) => join(tmpdir(), name)),
  ];
  for (const place of places) {
    assert.deepEqual(await search(place, canary), [], place);
    assert.deepEqual(await search(place, canaryDigits), [], place);
  }
  // Compressed values do not show in a file's bytes, so every row is read as text as well.
  const backend = `gr-${service.installation}-one_postgres-1`;
  const dump = await run('sh', [
    '-c',
    `docker exec ${backend} pg_dump -U postgres shop | grep -c -e ${canary} -e ${canaryDigits} || true`,
  ]);
  assert.equal(dump.stdout.trim(), '0');
  const own = await run('sh', [
    '-c',
    `docker exec ${service.databaseContainer} pg_dumpall -U greenroom | grep -c -e ${canary} -e production-reporting -e shop-dev || true`,
  ]);
  // The Compose file itself has the default password of local use in it; nothing else does.
  assert.ok(Number(own.stdout.trim()) <= 1, own.stdout);
  for (const secret of [canary, 'production-reporting', 'shop-dev'])
    assert.ok(!service.output().includes(secret), secret);
  assert.equal(service.output().split(service.token).length, 2, 'the first token is shown once');
});

test('a deleted stack and its snapshot leave nothing behind', async () => {
  const refused = await fetch(`${service.url}/v1/snapshots/${snapshots[0]}`, {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${service.token}` },
  });
  assert.equal(refused.status, 409, 'a snapshot stays while a stack is on it');
  for (const stack of ['one', 'two'])
    await service.follow(await service.call<Operation>('DELETE', `/v1/stacks/${stack}`));
  for (const snapshot of snapshots)
    await service.follow(await service.call<Operation>('DELETE', `/v1/snapshots/${snapshot}`));
  const filters = { label: [`${label.installation}=${service.installation}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters: filters as never });
  const networks = await docker.listNetworks({ filters });
  assert.deepEqual(
    containers.map(({ Labels }) => Labels[label.kind]),
    ['helper'],
  );
  assert.deepEqual(
    volumes.map(({ Labels }) => Labels?.[label.kind]),
    ['cluster'],
  );
  assert.deepEqual(
    networks.map(({ Labels }) => Labels?.[label.kind]),
    ['work'],
  );
  assert.equal((await fetch(`${service.url}/s/one/`)).status, 404);
});
