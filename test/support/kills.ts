import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../../examples/demo/client.ts';
import type { Backup, DeploymentPolicy, Drill, Snapshot, StackDetail } from '../../openapi/aliases.ts';
import type { ApplyReport } from '../../services/migrations/report.ts';
import { type Boundary, openBoundary } from './boundary.ts';
import { docker, startService, type TestService, until } from './service.ts';
import { capture, composeFile, createShop, type Production, startProduction } from './shop.ts';
import { traces } from './traces.ts';

/** Of the test file's own: each file is a process. */
export let service: TestService;
let production: Production;
export let boundary: Boundary;

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

const buildSteps = ['images', 'networks', 'data', 'database', 'migrations', 'services'];
const image = 'shop-backend:v1';
const release = { version: 'v1', services: { backend: { image }, migrator: { image } } };
const migrated = 'm20250201_000008_customers_locale';
const former = 'm20250101_000007_city_revenue';
const setPolicy = (deployment: DeploymentPolicy) =>
  service.call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': composeFile } }, deployment });

/** Each operation: its steps, how it is asked for, and what must be so when it has ended. */
const operations: Record<
  string,
  {
    steps: string[];
    /** Where it is killed; everywhere by default. */
    killed?: string[];
    ask(name: string): Promise<Operation>;
    holds(operation: Operation): Promise<void>;
  }
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
    // The rest is a creation's.
    killed: ['take down', 'data', 'services'],
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
  'stack.deploy': {
    steps: ['images', 'migrations', 'services', 'smoke'],
    async ask(name) {
      await setPolicy({});
      await createStack(name);
      const services = { frontend: { variables: { SHOP_NAME: 'Deployed' } } };
      return service.call('POST', `/v1/stacks/${name}/deploy`, { release: { version: 'v0b', services } });
    },
    async holds({ subject }) {
      assert.match(await (await fetch(`${service.url}/s/${subject}/`)).text(), /Deployed/);
      await stackAnswers(subject, 'v0b');
    },
  },
  'migration.apply': {
    steps: ['images', 'migrations', 'stop', 'backup', 'verify', 'database', 'migrate', 'services', 'smoke', 'watch'],
    async ask(name) {
      await setPolicy({ backups: ['clone', 'dump'], watchSeconds: 1 });
      await createStack(name);
      const wish = { release, migrate: 'hold' };
      await service.follow(await service.call<Operation>('POST', `/v1/stacks/${name}/deploy`, wish));
      return service.call('POST', `/v1/stacks/${name}/apply`);
    },
    async holds({ subject, result }) {
      const run = await service.call<{ state: string; report: ApplyReport }>(
        'GET',
        `/v1/migration-runs/${result!.run}`,
      );
      assert.equal(run.state, 'passed');
      const backup = await service.call<Backup>('GET', `/v1/backups/${run.report.backup!.id}`);
      assert.equal(backup.state, 'verified');
      await stackAnswers(subject, 'v1', migrated);
    },
  },
  'stack.restore': {
    steps: ['images', 'stop', 'set aside', 'data', 'services', 'smoke', 'record'],
    async ask(name) {
      await createStack(name);
      await service.follow(await service.call<Operation>('POST', `/v1/stacks/${name}/deploy`, { release }));
      const { items } = await service.call<{ items: Backup[] }>('GET', `/v1/backups?stack=${name}`);
      return service.call('POST', `/v1/stacks/${name}/restore`, { backup: items[0]!.id });
    },
    async holds({ subject, result }) {
      assert.equal((await service.call<Backup>('GET', `/v1/backups/${result!.backup}`)).state, 'verified');
      await stackAnswers(subject, 'v0', former);
    },
  },
  'migration.rollback': {
    steps: ['images', 'migrations', 'stop', 'backup', 'verify', 'migrate', 'services', 'smoke'],
    // What it has of its own; the rest is a deployment's.
    killed: ['migrations', 'migrate'],
    async ask(name) {
      await setPolicy({});
      await createStack(name);
      await service.follow(await service.call<Operation>('POST', `/v1/stacks/${name}/deploy`, { release }));
      const wish = { migration: former, release: { version: 'v0' } };
      return service.call('POST', `/v1/stacks/${name}/rollback`, wish);
    },
    holds: ({ subject }) => stackAnswers(subject, 'v0', former),
  },
  'backup.take': {
    steps: ['backup', 'verify'],
    async ask(name) {
      await createStack(name);
      return service.call('POST', '/v1/backups', { stack: name, forms: ['clone', 'dump'] });
    },
    async holds({ subject, result }) {
      assert.equal((await service.call<Backup>('GET', `/v1/backups/${result!.backup}`)).state, 'verified');
      await stackAnswers(subject);
    },
  },
  'backup.drill': {
    steps: ['dump'],
    async ask(name) {
      await createStack(name);
      const taken = await service.call<Operation>('POST', '/v1/backups', { stack: name, forms: ['dump'] });
      await service.follow(taken);
      return service.call('POST', `/v1/stacks/${name}/drills`);
    },
    async holds({ result }) {
      const { state, stack } = await service.call<Drill>('GET', `/v1/drills/${result!.drill}`);
      assert.equal(state, 'passed');
      await stackAnswers(stack);
    },
  },
  'migration.rehearse': {
    steps: ['images', 'up', 'production', 'one by one', 'impact'],
    ask: () => service.call('POST', '/v1/migration-runs', { kind: 'rehearsal', project: 'shop', release }),
    async holds({ subject }) {
      assert.equal((await service.call<{ state: string }>('GET', `/v1/migration-runs/${subject}`)).state, 'passed');
    },
  },
};

async function createStack(name: string): Promise<void> {
  const wish = { name, project: 'shop', release: { version: 'v0' } };
  await service.follow(await service.call<Operation>('POST', '/v1/stacks', wish));
}

/** A stack that runs this release, and its database's newest migration; it is deleted. */
export async function stackAnswers(name: string, version = 'v0', migration?: string): Promise<void> {
  const detail = await service.call<StackDetail>('GET', `/v1/stacks/${name}`);
  assert.equal(detail.state, 'ready');
  assert.equal(detail.release.version, version);
  const answer = await fetch(`${service.url}/s/${name}/api/customers?limit=1`);
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as { customers: unknown[] }).customers.length, 1);
  if (migration) {
    const says = (await (await fetch(`${service.url}/s/${name}/api/version`)).json()) as { migration: string };
    assert.equal(says.migration, migration);
  }
  await service.follow(await service.call<Operation>('DELETE', `/v1/stacks/${name}`));
}

/** What the installation has on the engine, in its tables and on the source. */
export const everything = () =>
  traces({ docker, installation: service.installation, rows: boundary.rows, source: production.url });

let number = 0;

/** For each step of each kind of operation, a test with greenroom killed just before and just after its end is recorded. */
export function killAtEveryBoundary(kinds: (keyof typeof operations)[]): void {
  for (const kind of kinds)
    for (const step of operations[kind]!.killed ?? operations[kind]!.steps) killAround(kind, step);
}

function killAround(kind: string, step: string): void {
  const { steps, ask, holds } = operations[kind]!;

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
