import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Operation } from '../../examples/demo/client.ts';
import type { Snapshot } from '../../openapi/aliases.ts';
import { ifPresent } from '../../services/engine/host.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { docker, startService, type TestService, until } from '../support/service.ts';
import { createShop } from '../support/shop.ts';
import { noSessionLeft, policy, reader, schema } from '../support/source.ts';
import { type SshHost, startSshHost } from '../support/ssh-host.ts';

const network = `greenroom-test-${randomBytes(4).toString('hex')}`;
let production: TestPostgres;
let machine: SshHost;
let service: TestService;

before(async () => {
  await docker.createNetwork({ Name: network, Labels: { 'greenroom.test': '1' } });
  [production, machine, service] = await Promise.all([
    startPostgres(),
    startSshHost(network, 'bastion'),
    startService(),
  ]);
  await docker.getNetwork(network).connect({ Container: production.container, EndpointConfig: { Aliases: ['db'] } });
  await production.createDatabase('shop', schema);
  await createShop(service);
  const key = await machine.makeKey('ed25519');
  await machine.authorize(key.line);
  await service.call('POST', '/v1/projects/shop/sources', {
    ...{ name: 'production', url: `postgres://${reader.user}:${reader.password}@db:5432/shop`, policy },
    ssh: { host: machine.address, user: 'courier', privateKey: key.secret, hostKey: machine.keys.ed25519.line },
    limits: { workers: 2, megabytesPerSecond: 0.5 },
  });
});
after(async () => {
  await service?.remove();
  for (const part of [production, machine]) await part?.remove();
  await ifPresent(docker.getNetwork(network).remove());
});

const moments: Record<string, RegExp> = {
  'while the schema is read': /^(starting an empty|copying the schema)/,
  'while rows are copied': /^copied app/,
  'after the source was left alone': /^(freezing|building|computing|analyzing|counting|searching|shutting)/,
};

for (const [what, message] of Object.entries(moments)) {
  test(`greenroom is killed ${what}, over SSH: nobody is left on the source, and the next process captures anew`, async () => {
    const { accepted } = await machine.logins();
    const { id, subject } = await service.call<Operation>('POST', '/v1/snapshots', {
      project: 'shop',
      source: 'production',
    });
    const now = () => service.call<Operation>('GET', `/v1/operations/${id}`);
    await until(async () => {
      const { state, progress } = await now();
      assert.ok(state === 'queued' || state === 'running', `it has ${state} already`);
      return message.test(progress?.message ?? '');
    });
    await service.kill('SIGKILL');
    await noSessionLeft(production);
    // sshd does not write "Disconnected" for a peer that is gone.
    await until(async () => (await machine.run(['sh', '-c', 'pgrep -cu courier || true'])).trim() === '0');
    await service.start();
    await until(async () => !['queued', 'running'].includes((await now()).state));
    const ended = await now();
    assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
    assert.equal(ended.attempt, 2);
    assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${subject}`)).rows, 4000);
    assert.equal((await machine.logins()).accepted, accepted + 2);
    await noSessionLeft(production);
    assert.deepEqual(
      readdirSync(service.temporary).filter((name) => name.startsWith('greenroom-source-')),
      [],
    );
    await service.follow(await service.call<Operation>('DELETE', `/v1/snapshots/${subject}`));
    const containers = await docker.listContainers({
      all: true,
      filters: { label: [`greenroom.installation=${service.installation}`] },
    });
    assert.ok(!containers.some(({ Names: [name] }) => name!.includes(subject)));
  });
}
