import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { Container } from 'dockerode';
import type { Operation } from '../examples/demo/client.ts';
import type { StackDetail } from '../openapi/aliases.ts';
import type { components } from '../openapi/types.ts';
import { docker, startService, type TestService, until } from './support/service.ts';
import { capture, createShop, createStack, type Production, startProduction } from './support/shop.ts';

type Release = components['schemas']['Release'];
const run = promisify(execFile);

let service: TestService;
let production: Production;
let registry: Container;
let repository: string;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  registry = await docker.createContainer({
    name: `greenroom-test-registry-${randomBytes(4).toString('hex')}`,
    Image: 'registry:2',
    Labels: { 'greenroom.test': '1' },
    ExposedPorts: { '5000/tcp': {} },
    HostConfig: { PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
  });
  await registry.start();
  const { NetworkSettings: settings } = await registry.inspect();
  const address = `127.0.0.1:${settings.Ports['5000/tcp']![0]!.HostPort}`;
  await until(() =>
    fetch(`http://${address}/v2/`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  repository = `${address}/shop/backend`;
  await createShop(service);
  await capture(service, production);
});
after(async () => {
  for (const { RepoTags, RepoDigests } of await docker.listImages()) {
    const ours = [...(RepoTags ?? []), ...(RepoDigests ?? [])].filter((name) => name.startsWith(repository));
    for (const name of ours)
      await docker
        .getImage(name)
        .remove()
        .catch(() => {});
  }
  await registry.remove({ force: true, v: true });
  await production.remove();
  await service.remove();
});

async function push(version: string, tag: string): Promise<string> {
  await run('docker', ['tag', `shop-backend:${version}`, `${repository}:${tag}`]);
  const { stdout } = await run('docker', ['push', `${repository}:${tag}`]);
  return `${repository}@${/digest: (sha256:\w+)/.exec(stdout)![1]!}`;
}
const idOf = async (image: string) => (await docker.getImage(image).inspect()).Id;
const newRelease = (version: string, image: string) =>
  service.call<Release>('POST', '/v1/projects/shop/releases', {
    version,
    services: { backend: { image }, migrator: { image } },
  });

test('a release is pinned to what its tag named when it was recorded, and is pulled by that digest', async () => {
  const first = await push('v1', 'main');
  const release = await newRelease('1.0.0', `${repository}:main`);
  assert.equal(release.services.backend!.image, `${repository}:main`);
  assert.equal(release.services.backend!.resolved, first);

  const second = await push('v2', 'main');
  assert.notEqual(second, first);
  assert.equal((await newRelease('1.1.0', `${repository}:main`)).services.backend!.resolved, second);

  // The host knows neither any more under the registry's name.
  await run('docker', ['rmi', `${repository}:main`]);
  for (const name of [first, second]) await run('docker', ['rmi', name]).catch(() => {});
  await createStack(service, 'pinned', { release: { version: '1.0.0' } });
  const { release: running } = await service.call<StackDetail>('GET', '/v1/stacks/pinned');
  assert.equal(running.images.backend, await idOf('shop-backend:v1'));
  const answer = await fetch(`${service.url}/s/pinned/api/version`);
  assert.equal(((await answer.json()) as { version: string }).version, 'v1');
});

test('an image that the registry does not have is named when it is needed, and nothing is left', async () => {
  const release = await newRelease('2.0.0', `${repository}:never`);
  assert.equal(release.services.backend!.resolved, undefined);
  const wish = { name: 'never', project: 'shop', release: { version: '2.0.0' } };
  const { id } = await service.call<Operation>('POST', '/v1/stacks', wish);
  await until(async () => (await service.call<Operation>('GET', `/v1/operations/${id}`)).state === 'failed');
  const { error } = await service.call<Operation>('GET', `/v1/operations/${id}`);
  assert.equal(error!.code, 'image-unavailable');
  assert.match(error!.detail, /shop\/backend:never/);
});
