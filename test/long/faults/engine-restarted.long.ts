import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { Operation } from '../../../examples/demo/client.ts';
import type { Backup, Snapshot, StackDetail } from '../../../openapi/aliases.ts';
import { addressOf } from '../../../services/engine/dial.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../../support/engine/engine.ts';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { startService, type TestService, until } from '../../support/service.ts';
import { capture, createShop, createStack, type Production, startProduction } from '../../support/shop.ts';
import { traces } from '../../support/traces.ts';

const skip = (await whyNoPrivateEngine()) ?? false;

/** How the engine goes down: told to stop; killed, its containers alive; all at once, as when the power fails. */
const falls = {
  'told to stop': (engine: PrivateEngine) => engine.stop('TERM'),
  killed: (engine: PrivateEngine) => engine.stop('KILL'),
  'without power': (engine: PrivateEngine) => engine.crash(),
};
type Fall = keyof typeof falls;

let engine: PrivateEngine;
let production: Production;
before(async () => {
  if (skip) return;
  [engine, production] = await Promise.all([startPrivateEngine(), startProduction({ scale: '0.1' })]);
});
after(async () => {
  await Promise.all([engine?.remove(), production?.remove()]);
});

/** Each operation: how it is asked for, when it is in the middle, and what must be so when it has succeeded. */
interface Kind {
  ask(name: string): Promise<Operation>;
  middle(operation: Operation): boolean;
  holds(operation: Operation): Promise<void>;
}

function kinds(service: TestService): Record<string, Kind> {
  const progress = (message: RegExp) => (now: Operation) => message.test(now.progress?.message ?? '');
  const step = (name: string) => (now: Operation) => now.steps.some((done) => done.name === name);
  const release = { version: 'v1', services: { migrator: { image: 'shop-backend:v1' } } };
  const deploy = (name: string, migrate: 'auto' | 'hold') =>
    service
      .call<Operation>('POST', `/v1/stacks/${name}/deploy`, { release, migrate })
      .then((operation) => service.follow(operation));
  const stackRuns = async (operation: Operation, version: string) => {
    const { release } = await service.call<StackDetail>('GET', `/v1/stacks/${operation.subject}`);
    assert.equal(release.version, version);
    await stackAnswers(operation);
  };
  const stackAnswers = async ({ subject: name }: Operation) => {
    assert.equal((await service.call<StackDetail>('GET', `/v1/stacks/${name}`)).state, 'ready');
    const answer = await fetch(`${service.url}/s/${name}/api/customers?limit=1`);
    assert.equal(answer.status, 200);
    await service.follow(await service.call<Operation>('DELETE', `/v1/stacks/${name}`));
  };
  return {
    capture: {
      ask: () => service.call('POST', '/v1/snapshots', { project: 'shop', source: 'production' }),
      middle: progress(/^copying and masking|^copied/),
      async holds({ subject }) {
        assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${subject}`)).state, 'ready');
        await service.follow(await service.call<Operation>('DELETE', `/v1/snapshots/${subject}`));
      },
    },
    'stack creation': {
      ask: (name) => service.call('POST', '/v1/stacks', { name, project: 'shop', release: { version: 'v0' } }),
      middle: step('services'),
      holds: stackAnswers,
    },
    reset: {
      async ask(name) {
        await createStack(service, name);
        return service.call('POST', `/v1/stacks/${name}/reset`);
      },
      middle: step('data'),
      holds: stackAnswers,
    },
    deletion: {
      async ask(name) {
        await createStack(service, name);
        return service.call('DELETE', `/v1/stacks/${name}`);
      },
      middle: step('remove'),
      async holds({ subject }) {
        await assert.rejects(service.call('GET', `/v1/stacks/${subject}`), /There is no stack/);
      },
    },
    apply: {
      async ask(name) {
        await createStack(service, name);
        await deploy(name, 'hold');
        return service.call('POST', `/v1/stacks/${name}/apply`);
      },
      middle: step('migrate'),
      holds: (operation) => stackRuns(operation, 'v1'),
    },
    'verification of a backup before an apply': {
      async ask(name) {
        await createStack(service, name);
        await deploy(name, 'hold');
        return service.call('POST', `/v1/stacks/${name}/apply`);
      },
      middle: step('verify'),
      holds: (operation) => stackRuns(operation, 'v1'),
    },
    restore: {
      async ask(name) {
        await createStack(service, name);
        await deploy(name, 'auto');
        const { items } = await service.call<{ items: Backup[] }>('GET', `/v1/backups?stack=${name}`);
        return service.call('POST', `/v1/stacks/${name}/restore`, { backup: items[0]!.id });
      },
      middle: step('data'),
      holds: (operation) => stackRuns(operation, 'v0'),
    },
    rehearsal: {
      ask: () => service.call('POST', '/v1/migration-runs', { kind: 'rehearsal', project: 'shop', release }),
      middle: step('up'),
      async holds({ subject }) {
        assert.equal((await service.call<{ state: string }>('GET', `/v1/migration-runs/${subject}`)).state, 'passed');
      },
    },
  };
}

/** Restarts the engine in the middle of an operation: it ends, the service lives, and nothing is left of it. */
async function survives(
  service: TestService,
  rows: <T>(sql: string) => Promise<T[]>,
  kind: Kind,
  fall: Fall,
  name: string,
): Promise<void> {
  const places = { docker: engine.docker, installation: service.installation, rows, source: production.url };
  const clean = await traces(places);
  const { id } = await kind.ask(name);
  const now = () => service.call<Operation>('GET', `/v1/operations/${id}`);
  const log = () => service.call<string>('GET', `/v1/operations/${id}/log`);
  await until(async () => {
    const operation = await now();
    if (!['queued', 'running'].includes(operation.state)) {
      assert.fail(`it has ${operation.state} before its middle: ${JSON.stringify(operation.error)}\n${await log()}`);
    }
    return kind.middle(operation);
  });
  await falls[fall](engine);
  await engine.start();
  await until(() =>
    now().then(
      ({ state }) => !['queued', 'running'].includes(state),
      () => false,
    ),
  );
  const operation = await now();
  assert.equal(operation.state, 'succeeded', `${JSON.stringify(operation.error)}\n${await log()}`);
  await kind.holds(operation);
  await until(async () => (await traces(places)).locks === 0);
  assert.deepEqual(await traces(places), clean);
  assert.deepEqual(
    readdirSync(service.temporary).filter((file) => file.startsWith('greenroom-source-')),
    [],
  );
  assert.equal(service.starts(), 1, 'the service did not live on');
}

function each(
  cases: [kind: string, fall: Fall][],
  survive: (kind: string, fall: Fall, name: string) => Promise<void>,
): void {
  for (const [index, [kind, fall]] of cases.entries()) {
    test(`${kind}, the engine ${fall}`, () => survive(kind, fall, String(index)));
  }
}

describe('the engine restarts in the middle, greenroom’s database is elsewhere', { skip }, () => {
  let service: TestService;
  let database: TestPostgres;
  before(async () => {
    database = await startPostgres();
    await database.createDatabase('greenroom', '');
    service = await startService(
      { ...engine.environment, DATABASE_URL: database.url('greenroom') },
      { docker: engine.docker },
    );
    await createShop(service);
    await capture(service, production);
  });
  after(async () => {
    await service?.remove();
    await database?.remove();
  });
  const rows = async <T>(sql: string) => {
    const client = await database.connect('greenroom');
    return client
      .query(sql)
      .then(({ rows }) => rows as T[])
      .finally(() => client.end());
  };
  each(
    [
      ['capture', 'told to stop'],
      ['reset', 'told to stop'],
      ['stack creation', 'killed'],
      ['rehearsal', 'killed'],
      ['stack creation', 'without power'],
      ['deletion', 'without power'],
      ['apply', 'told to stop'],
      ['apply', 'killed'],
      ['verification of a backup before an apply', 'without power'],
      ['restore', 'killed'],
      ['restore', 'without power'],
    ],
    (kind, fall, name) => survives(service, rows, kinds(service)[kind]!, fall, `e-${name}`),
  );
});

describe('the engine restarts in the middle, greenroom’s database is on it', { skip }, () => {
  let service: TestService;
  before(async () => {
    service = await startService(engine.environment, { docker: engine.docker });
    await createShop(service);
    await capture(service, production);
  });
  after(async () => {
    await service?.remove();
  });
  const rows = async <T>(sql: string) => {
    const host = await addressOf(engine, service.databaseContainer);
    const { Config: config } = await engine.docker.getContainer(service.databaseContainer).inspect();
    const password = config.Env.find((entry) => entry.startsWith('POSTGRES_PASSWORD='))!.split('=')[1]!;
    const client = new pg.Client({ host, user: 'greenroom', database: 'greenroom', password });
    await client.connect();
    return client
      .query(sql)
      .then(({ rows }) => rows as T[])
      .finally(() => client.end());
  };
  each(
    [
      ['stack creation', 'told to stop'],
      ['capture', 'killed'],
      ['rehearsal', 'without power'],
    ],
    (kind, fall, name) => survives(service, rows, kinds(service)[kind]!, fall, `o-${name}`),
  );

  test('greenroom is stopped and started while the engine is away', async () => {
    const places = { docker: engine.docker, installation: service.installation, rows, source: production.url };
    const clean = await traces(places);
    const { id } = await kinds(service).capture!.ask('');
    const now = () => service.call<Operation>('GET', `/v1/operations/${id}`);
    await until(async () => kinds(service).capture!.middle(await now()));
    await engine.stop('KILL');
    assert.equal(await service.kill('SIGTERM'), 0);
    await assert.rejects(service.start(), /greenroom cannot start: The Docker engine at \S+ does not answer/);
    await engine.start();
    await service.start();
    await until(async () => !['queued', 'running'].includes((await now()).state));
    const operation = await now();
    assert.equal(operation.state, 'succeeded', JSON.stringify(operation.error));
    await kinds(service).capture!.holds(operation);
    await until(async () => (await traces(places)).locks === 0);
    assert.deepEqual(await traces(places), clean);
  });
});
