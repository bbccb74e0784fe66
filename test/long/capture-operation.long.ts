import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../../examples/demo/client.ts';
import type { Snapshot } from '../../openapi/aliases.ts';
import { label } from '../../services/engine/labels.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { docker, startService, type TestService, until } from '../support/service.ts';
import { createShop } from '../support/shop.ts';
import { noSessionLeft, policy, reader, schema } from '../support/source.ts';

let production: TestPostgres;
let service: TestService;

before(async () => {
  [production, service] = await Promise.all([startPostgres(), startService()]);
  await production.createDatabase('shop', schema);
  await createShop(service);
  await service.call('POST', '/v1/projects/shop/sources', {
    ...{ name: 'production', url: production.url('shop', reader), policy },
    // Four tables of 0.9 MB: some seconds.
    limits: { workers: 1, megabytesPerSecond: 0.5 },
  });
});
after(async () => {
  await service?.remove();
  await production?.remove();
});

const ask = () => service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'production' });
const now = ({ id }: Operation) => service.call<Operation>('GET', `/v1/operations/${id}`);
const hasEnded = async (operation: Operation) => !['queued', 'running'].includes((await now(operation)).state);
const says = async (operation: Operation, message: RegExp) =>
  message.test((await now(operation)).progress?.message ?? '');
const left = async ({ subject }: Operation) => {
  const filters = { label: [`${label.installation}=${service.installation}`, `${label.snapshot}=${subject}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters: filters as never });
  return containers.length + (volumes ?? []).length;
};

test('captures of one source are made one after the other; one that waits says so, and can be cancelled', async () => {
  const first = await ask();
  await until(() => says(first, /^copying and masking/));
  const [second, third] = [await ask(), await ask()];
  for (const waiting of [second, third]) await until(() => says(waiting, /^waiting: another snapshot of production/));
  await service.call('POST', `/v1/operations/${second.id}/cancel`);
  await until(() => hasEnded(second));
  assert.equal((await now(second)).state, 'cancelled');
  for (const operation of [first, third]) await until(() => hasEnded(operation));
  const [one, other] = [await now(first), await now(third)];
  assert.deepEqual([one.state, other.state], ['succeeded', 'succeeded'], JSON.stringify([one.error, other.error]));
  const { takenAt } = await service.call<Snapshot>('GET', `/v1/snapshots/${third.subject}`);
  const read = one.steps.find(({ name }) => name === 'capture')!;
  assert.ok(Date.parse(takenAt!) >= Date.parse(read.startedAt!) + read.durationMs!, 'both read production at once');
});

test('a capture whose process is killed is begun anew once; killed again, it fails and leaves nothing', async () => {
  const started = await ask();
  const begun = new Set<string | undefined>();
  while (begun.size < 2) {
    await until(async () => {
      const step = (await now(started)).steps.find(({ name }) => name === 'capture');
      return step !== undefined && !begun.has(step.startedAt) && begun.add(step.startedAt).size > 0;
    });
    await service.kill('SIGKILL');
    await noSessionLeft(production);
    await service.start();
  }
  await until(() => hasEnded(started));
  const { state, error, attempt } = await now(started);
  assert.equal(state, 'failed');
  assert.equal(attempt, 3);
  assert.equal(error!.code, 'capture-failed');
  assert.match(error!.detail, /ended in the middle of the capture, and again/);
  assert.match(error!.remedy!, /memory/);
  assert.equal(await left(started), 0);
  assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${started.subject}`)).state, 'failed');
});
