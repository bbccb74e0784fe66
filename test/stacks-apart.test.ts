import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../examples/demo/client.ts';
import type { Backup, Snapshot, StackDetail } from '../openapi/aliases.ts';
import { readContent } from '../services/backups/content.ts';
import { exec } from '../services/engine/exec.ts';
import { label } from '../services/engine/labels.ts';
import { type Boundary, openBoundary } from './support/boundary.ts';
import { startPostgres } from './support/postgres.ts';
import { docker, startService, type TestService, until } from './support/service.ts';
import { capture, composeFile, createShop, createStack, type Production, startProduction } from './support/shop.ts';

let service: TestService;
let production: Production;
let boundary: Boundary;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  await createShop(service);
  await capture(service, production);
  boundary = await openBoundary(service);
});
after(async () => {
  await boundary.close();
  await production.remove();
  await service.remove();
});

const image = 'shop-backend:v1';
const v1 = { version: 'v1', services: { backend: { image }, migrator: { image } } };
const setCompose = (compose: string) =>
  service.call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': compose } } });
const ask = (method: string, path: string, body?: unknown) => service.call<Operation>(method, path, body);
const ended = async (operation: Operation) => {
  await service.follow(operation).catch(() => {});
  return service.call<Operation>('GET', `/v1/operations/${operation.id}`);
};
const deploy = async (stack: string, release: object = v1) =>
  ended(await ask('POST', `/v1/stacks/${stack}/deploy`, { release, migrate: 'auto' }));
const stackOf = (name: string) => service.call<StackDetail>('GET', `/v1/stacks/${name}`);
const backupsOf = async (name: string) =>
  (await service.call<{ items: Backup[] }>('GET', `/v1/backups?stack=${name}`)).items;
const container = (stack: string, name: string) => `gr-${service.installation}-${stack}_${name}-1`;
const inDatabase = async (stack: string, ...command: string[]) => {
  const result = await exec({ docker }, container(stack, 'postgres'), { command });
  assert.equal(result.exitCode, 0, result.stderr);
  return result.stdout;
};
const refused = async (status: number, method: string, path: string, body?: unknown) => {
  const answer = await fetch(service.url + path, {
    method,
    headers: { Authorization: `Bearer ${service.token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const problem = (await answer.json()) as { detail: string };
  assert.equal(answer.status, status, JSON.stringify(problem));
  return problem;
};

test('a link planted in a database’s volume does not lead a backup into another volume', async () => {
  await createStack(service, 'hostile', { kind: 'persistent' });
  const victim = `gr-${service.installation}-victim`;
  await docker.createVolume({ Name: victim, Labels: { [label.installation]: service.installation } });
  const helper = `gr-${service.installation}-helper`;
  const { Mountpoint: folder } = await docker.getVolume(victim).inspect();
  const precious = `${folder}/precious`;
  await exec({ docker }, helper, { command: ['touch', precious] });
  const script = `cd "$PGDATA" && rm -rf pg_stat_tmp && ln -s ../../${victim}/_data pg_stat_tmp`;
  await inDatabase('hostile', 'sh', '-c', script);
  const failed = await deploy('hostile');
  assert.equal(failed.error!.code, 'backup-failed');
  assert.match(failed.error!.detail, /link in the data directory: .*pg_stat_tmp/);
  assert.equal((await exec({ docker }, helper, { command: ['test', '-f', precious] })).exitCode, 0);
  await inDatabase('hostile', 'sh', '-c', 'cd "$PGDATA" && rm pg_stat_tmp && mkdir pg_stat_tmp');
  assert.deepEqual(await backupsOf('hostile'), []);
});

test('a release that moves the database’s data, or renames its service, is refused before anything is done', async () => {
  const moved = composeFile
    .replace('- data:/var', '- data2:/var')
    .replace(/^ {2}data:\n\nconfigs/m, '  data2:\n\nconfigs');
  const renamed = composeFile
    .replaceAll('postgres:\n', 'db:\n')
    .replaceAll('postgres: {', 'db: {')
    .replace('service: postgres', 'service: db');
  for (const [compose, says] of [
    [moved, /volume of the stack's database from data to data2/],
    [renamed, /service of the stack's database from postgres to db/],
  ] as const) {
    await setCompose(compose);
    const failed = await deploy('hostile');
    assert.match(failed.error!.detail, says);
    assert.equal((await stackOf('hostile')).state, 'ready');
  }
  await setCompose(composeFile);
  assert.deepEqual(
    (await docker.listVolumes()).Volumes.filter(({ Name }) => Name.includes('data2')),
    [],
  );
});

test('a kept backup is restored though another container has the volume, and though its snapshot is gone', async () => {
  const sidecar = composeFile.replace(
    'networks:\n  web:',
    '  side:\n    image: debian:trixie-slim\n    command: [sleep, infinity]\n    volumes: ["data:/data:ro"]\n\nnetworks:\n  web:',
  );
  await setCompose(sidecar);
  assert.equal((await deploy('hostile')).state, 'succeeded');
  const [backup] = await backupsOf('hostile');
  await service.call('PATCH', `/v1/backups/${backup!.id}`, { kept: true });
  const { snapshot: old } = await stackOf('hostile');
  const { subject: fresh } = await service.follow(
    await ask('POST', '/v1/snapshots', { project: 'shop', source: 'production' }),
  );
  await service.follow(await ask('POST', '/v1/stacks/hostile/reset', { snapshot: fresh }));
  await service.follow(await ask('DELETE', `/v1/snapshots/${old}`));
  const restored = await ended(await ask('POST', '/v1/stacks/hostile/restore', { backup: backup!.id }));
  assert.equal(restored.state, 'succeeded', JSON.stringify(restored.error));
  assert.equal((await stackOf('hostile')).release.version, 'v0');
  await setCompose(composeFile);
});

test('a restore that is cancelled half way leaves data, release and services as they were', async () => {
  assert.equal((await deploy('hostile')).state, 'succeeded');
  const count = () =>
    inDatabase(
      'hostile',
      'psql',
      '-XqAt',
      '-U',
      'postgres',
      '-d',
      'shop',
      '-c',
      'SELECT count(*) FROM shop.order_items',
    );
  await inDatabase(
    'hostile',
    'psql',
    '-Xq',
    '-U',
    'postgres',
    '-d',
    'shop',
    '-c',
    'DELETE FROM shop.order_items WHERE id % 2 = 0',
  );
  const before = await count();
  const backup = (await backupsOf('hostile')).find(({ state }) => state === 'verified')!;
  const operation = await ask('POST', '/v1/stacks/hostile/restore', { backup: backup.id });
  await boundary.at('stack.restore', 'data', () => service.call('POST', `/v1/operations/${operation.id}/cancel`));
  assert.equal((await ended(operation)).state, 'cancelled');
  const detail = await stackOf('hostile');
  assert.deepEqual([detail.state, detail.release.version], ['ready', 'v1']);
  assert.equal(await count(), before);
  assert.equal((await service.call<Backup>('GET', `/v1/backups/${backup.id}`)).state, 'verified');
  const aside = (await docker.listVolumes()).Volumes.filter(({ Name }) => Name.endsWith('greenroom-aside'));
  assert.deepEqual(aside, []);
});

test('a stack that is deleted while its backup is verified leaves no backup behind', async () => {
  await createStack(service, 'brief', { kind: 'persistent' });
  const deploying = await ask('POST', '/v1/stacks/brief/deploy', { release: v1, migrate: 'auto' });
  let deleting: Operation | undefined;
  await boundary.at('stack.deploy', 'backup', async () => {
    deleting = await ask('DELETE', '/v1/stacks/brief');
  });
  await service.follow(deleting!);
  assert.equal((await ended(deploying)).state, 'cancelled');
  assert.deepEqual(await backupsOf('brief'), []);
  const filters = { label: [`${label.installation}=${service.installation}`, `${label.kind}=backup`] };
  const { Volumes: volumes } = await docker.listVolumes({ filters: filters as never });
  const { items } = await service.call<{ items: Backup[] }>('GET', '/v1/backups');
  assert.deepEqual(volumes.map(({ Labels }) => Labels[label.backup]).sort(), items.map(({ id }) => id).sort());
});

test('what was asked for on a stack that is gone is not done on a later one of its name', async () => {
  const killed = boundary.killAt('stack.create', 'images', 'before');
  const first = await ask('POST', '/v1/stacks', { name: 'again', project: 'shop', release: { version: 'v0' } });
  await killed;
  await service.start();
  await service.follow(await ask('DELETE', '/v1/stacks/again'));
  await createStack(service, 'again');
  await until(
    async () =>
      !['queued', 'running'].includes((await service.call<Operation>('GET', `/v1/operations/${first.id}`)).state),
  );
  assert.equal((await stackOf('again')).state, 'ready');
  assert.equal((await fetch(`${service.url}/s/again/api/customers?limit=1`)).status, 200);
});

test('stacks and services whose names run together are apart', async () => {
  const only = (name: string) =>
    `services: {${name}: {image: "debian:trixie-slim", command: [sh, -c, "echo ${name}; sleep infinity"]}}`;
  for (const [project, stack, name] of [
    ['one', 's-a', 'b'],
    ['two', 's', 'a-b'],
  ] as const) {
    await service.call('POST', '/v1/projects', { name: project, bundle: { files: { 'compose.yaml': only(name) } } });
    await service.follow(await ask('POST', '/v1/stacks', { name: stack, project, release: { version: '1' } }));
  }
  assert.match(await service.call<string>('GET', '/v1/stacks/s-a/services/b/logs'), / b$/m);
  assert.match(await service.call<string>('GET', '/v1/stacks/s/services/a-b/logs'), / a-b$/m);
});

test('a preview whose migrator does nothing fails: nothing was applied', async () => {
  await setCompose(
    composeFile.replace('[migrationctl]', `['sh', '-c', 'case $$1 in status) exec migrationctl status;; esac', 'sh']`),
  );
  const failed = await ended(await ask('POST', '/v1/stacks', { name: 'idle', project: 'shop', release: v1 }));
  assert.equal(failed.error!.code, 'migration-failed', JSON.stringify(failed.error));
  assert.match(failed.error!.detail, /without having been seen in the database; not applied: m20250201/);
  await setCompose(composeFile);
});

test('an image’s name cannot lead a request to the engine anywhere else', async () => {
  for (const name of ['a/../../127.0.0.1:1/x', 'http://x/y', 'A:B', 'x'.repeat(500), 'a//b', '../x', 'a@sha256:12']) {
    const services = { backend: { image: name } };
    const problem = await refused(422, 'POST', '/v1/projects/shop/releases', { version: '9', services });
    assert.match(JSON.stringify(problem), /name of an image/, name);
  }
  for (const name of ['localhost:5000/a/b:tag', `x.example/a@sha256:${'0'.repeat(64)}`, `sha256:${'0'.repeat(64)}`]) {
    await service.call('POST', '/v1/projects/shop/releases', {
      version: 'fine',
      services: { backend: { image: name } },
    });
    await service.call('DELETE', '/v1/projects/shop/releases/fine');
  }
});

test('evidence is of the very project, tokens do not outlive themselves, and the last admin stays', async () => {
  await service.call('POST', '/v1/projects/two/releases', { version: '1' });
  await refused(409, 'GET', '/v1/projects/two/releases/1/readiness?stack=hostile');
  for (const expiresAt of ['0000-01-01T00:00:00Z', '2026-13-01T00:00:00Z', '2020-01-01T00:00:00Z'])
    await refused(400, 'POST', '/v1/tokens', { name: 'late', scopes: ['read'], expiresAt });
  const { items } = await service.call<{ items: { id: string }[] }>('GET', '/v1/tokens');
  await refused(409, 'DELETE', `/v1/tokens/${items[0]!.id}`);
  await refused(400, 'POST', '/v1/tokens', '{"name": "\\ud800", "scopes": ["read"]}');
});

test('a stack without its snapshot is not reset onto an empty database', async () => {
  const { items } = await service.call<{ items: Snapshot[] }>('GET', '/v1/snapshots');
  const { id } = items[0]!;
  const failing = { version: 'x', services: { frontend: { image: 'localhost:1/none:1' } } };
  await ended(await ask('POST', '/v1/stacks', { name: 'lost', project: 'shop', snapshot: id, release: failing }));
  await service.follow(await ask('DELETE', '/v1/stacks/again'));
  await service.follow(await ask('DELETE', '/v1/stacks/hostile'));
  await service.follow(await ask('DELETE', `/v1/snapshots/${id}`));
  assert.match((await refused(409, 'POST', '/v1/stacks/lost/reset')).detail, /snapshot that stack lost was on is gone/);
});

test('the content of a row counts whatever its columns are called', async () => {
  const server = await startPostgres();
  try {
    await server.createDatabase(
      'odd',
      `CREATE TABLE x (t int, secret text, "T ""x" text); INSERT INTO x VALUES (1, 'a', 'c'), (2, '', NULL); CREATE TABLE none ();
       CREATE TABLE wide (${Array.from({ length: 1600 }, (_, index) => `c${index} int`).join(', ')}); INSERT INTO none DEFAULT VALUES`,
    );
    const client = await server.connect('odd');
    for (const rowFormat of [1, 2]) {
      const seen = new Set<string>();
      for (const change of [
        'SELECT 1',
        `UPDATE x SET secret = 'b' WHERE t = 1`,
        // The same values, in other columns, and in other rows.
        `UPDATE x SET secret = "T ""x", "T ""x" = secret WHERE t = 1`,
        'UPDATE x SET t = 3 - t',
        `UPDATE x SET secret = NULL, "T ""x" = '' WHERE secret = ''`,
      ]) {
        await client.query(change);
        seen.add((await readContent(client, { rowFormat })).tables['public.x']!.hash);
      }
      assert.equal(seen.size, 5, `format ${rowFormat}`);
    }
    await client.end();
  } finally {
    await server.remove();
  }
});
