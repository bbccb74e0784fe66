import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Operation } from '../../examples/demo/client.ts';
import type { Snapshot, StackDetail } from '../../openapi/aliases.ts';
import { type Boundary, openBoundary } from '../support/boundary.ts';
import { docker, startService, type TestService, until } from '../support/service.ts';
import { capture, createShop, type Production, startProduction } from '../support/shop.ts';
import { traces } from '../support/traces.ts';

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

const buildSteps = ['images', 'networks', 'data', 'services'];
const release = { version: 'v1', services: { migrator: { image: 'shop-backend:v1' } } };

/** Each operation: its steps, how it is asked for, and what must be so when it has ended. */
const operations: Record<
  string,
  { steps: string[]; ask(name: string): Promise<Operation>; holds(operation: Operation): Promise<void> }
> = {
  'snapshot.capture': {
    steps: ['image', 'network', 'capture'],
    ask: () => service.call('POST', '/v1/snapshots', { project: 'shop', source: 'production' }),
    async holds({ subject }) {
      assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${subject}`)).state, 'ready');
      await service.follow(await service.call<Operation>('DELETE', `/v1/snapshots/${subject}`));
    },
  },
  'stack.create': {
    steps: buildSteps,
    ask: (name) => service.call('POST', '/v1/stacks', { name, project: 'shop', release: { version: 'v0' } }),
    holds: ({ subject }) => stackAnswers(subject),
  },
  'stack.reset': {
    steps: ['take down', ...buildSteps],
    async ask(name) {
      await createStack(name);
      return service.call('POST', `/v1/stacks/${name}/reset`);
    },
    holds: ({ subject }) => stackAnswers(subject),
  },
  'stack.delete': {
    steps: ['remove', 'forget'],
    async ask(name) {
      await createStack(name);
      return service.call('DELETE', `/v1/stacks/${name}`);
    },
    async holds({ subject }) {
      await assert.rejects(service.call('GET', `/v1/stacks/${subject}`), /There is no stack/);
    },
  },
  'migration.rehearse': {
    steps: ['images', 'up', 'one by one'],
    ask: () => service.call('POST', '/v1/rehearsals', { project: 'shop', release }),
    async holds({ subject }) {
      assert.equal((await service.call<{ state: string }>('GET', `/v1/rehearsals/${subject}`)).state, 'passed');
    },
  },
};

async function createStack(name: string): Promise<void> {
  const wish = { name, project: 'shop', release: { version: 'v0' } };
  await service.follow(await service.call<Operation>('POST', '/v1/stacks', wish));
}

async function stackAnswers(name: string): Promise<void> {
  const detail = await service.call<StackDetail>('GET', `/v1/stacks/${name}`);
  assert.equal(detail.state, 'ready');
  const answer = await fetch(`${service.url}/s/${name}/api/customers?limit=1`);
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as { customers: unknown[] }).customers.length, 1);
  await service.follow(await service.call<Operation>('DELETE', `/v1/stacks/${name}`));
}

const everything = () =>
  traces({ docker, installation: service.installation, rows: boundary.rows, source: production.url });

let number = 0;
for (const [kind, { steps, ask, holds }] of Object.entries(operations)) {
  for (const step of steps) {
    for (const when of ['before', 'after'] as const) {
      test(`${kind}, killed ${when} the end of “${step}” is recorded, is finished by the next process`, async () => {
        const clean = await everything();
        const killed = boundary.killAt(kind, step, when);
        const operation = await ask(`k${++number}`);
        await killed;
        await service.start();
        const now = () => service.call<Operation>('GET', `/v1/operations/${operation.id}`);
        await until(async () => !['queued', 'running'].includes((await now()).state));
        const ended = await now();
        assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
        assert.equal(ended.attempt, 2);
        assert.deepEqual(
          ended.steps.map(({ name, state }) => [name, state]),
          steps.map((name) => [name, 'done']),
        );
        await holds(ended);
        await until(async () => (await everything()).locks === 0);
        assert.deepEqual(await everything(), clean);
      });
    }
  }
}

test('two processes on one database: when one is killed, the other finishes what it had begun', async () => {
  const clean = await everything();
  const second = await startService(
    {
      GREENROOM_HOME: service.home,
      GREENROOM_DB_CONTAINER: service.databaseContainer,
    },
    { token: service.token },
  );
  try {
    const names = ['t1', 't2', 't3', 't4'];
    const asked = await Promise.all(
      names.map((name) =>
        service.call<Operation>('POST', '/v1/stacks', { name, project: 'shop', release: { version: 'v0' } }),
      ),
    );
    await until(async () => {
      const rows = await boundary.rows<{ n: number }>(
        `SELECT count(*)::int AS n FROM operation_steps s JOIN operations o ON o.id = s.operation WHERE o.state = 'running'`,
      );
      return rows[0]!.n >= 4;
    });
    await service.kill('SIGKILL');
    for (const { id } of asked) {
      await until(async () => (await second.call<Operation>('GET', `/v1/operations/${id}`)).state === 'succeeded');
    }
    await service.start();
    for (const name of names) await stackAnswers(name);
    await until(async () => (await everything()).locks === 0);
    assert.deepEqual(await everything(), clean);
  } finally {
    await second.kill('SIGKILL');
  }
});

test('no socket of a killed capture stays in the temporary folder', () => {
  assert.deepEqual(
    readdirSync(service.temporary).filter((name) => name.startsWith('greenroom-source-')),
    [],
  );
});
