import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Operation } from '../../../examples/demo/client.ts';
import type { Backup, Snapshot, StackDetail } from '../../../openapi/aliases.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../../support/engine/engine.ts';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { startService, type TestService, until } from '../../support/service.ts';
import { capture, createShop, createStack, type Production, startProduction } from '../../support/shop.ts';
import { type Places, traces } from '../../support/traces.ts';

const skip = (await whyNoPrivateEngine()) ?? false;

let engine: PrivateEngine;
let production: Production;
let database: TestPostgres;
let service: TestService;
let places: Places;
before(async () => {
  if (skip) return;
  [engine, production, database] = await Promise.all([
    startPrivateEngine(),
    startProduction({ scale: '0.1' }),
    startPostgres(),
  ]);
  await database.createDatabase('greenroom', '');
  service = await startService(
    { ...engine.environment, DATABASE_URL: database.url('greenroom') },
    { docker: engine.docker },
  );
  await createShop(service);
  await capture(service, production);
  const client = await database.connect('greenroom');
  places = {
    docker: engine.docker,
    installation: service.installation,
    rows: async <T>(sql: string) => (await client.query(sql)).rows as T[],
    source: production.url,
  };
});
after(async () => {
  await service?.remove();
  await Promise.all([engine?.remove(), production?.remove(), database?.remove()]);
});

const MB = 2 ** 20;
const operation = (id: string) => service.call<Operation>('GET', `/v1/operations/${id}`);
const ended = (id: string) => async () => !['queued', 'running'].includes((await operation(id)).state);

const askCapture = () => service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'production' });
const askStack = () =>
  service.call<Operation>('POST', '/v1/stacks', { name: 'full', project: 'shop', release: { version: 'v0' } });
const askRehearsal = () =>
  service.call<Operation>('POST', '/v1/migration-runs', {
    kind: 'rehearsal',
    project: 'shop',
    release: { version: 'v1', services: { migrator: { image: 'shop-backend:v1' } } },
  });

/**
 * An operation that meets a full disk fails whole, says so, and leaves nothing; once there is space again the same
 * request succeeds.
 *
 * @param fill fills the disk, before or after it has asked.
 * @param stays what was stopped cannot be started without any space: that goes on until there is some
 */
async function failsWhole(
  ask: () => Promise<Operation>,
  fill: (ask: () => Promise<Operation>) => Promise<Operation>,
  stays: 'full' | 'until it is undone' = 'full',
) {
  const clean = await traces(places);
  let failed: string;
  try {
    const { id, subject } = await fill(ask);
    failed = subject;
    if (stays === 'until it is undone') {
      await until(async () =>
        /could not be taken down: .*that is tried again/s.test(
          await service.call<string>('GET', `/v1/operations/${id}/log`),
        ),
      );
      await engine.empty();
    }
    await until(ended(id));
    const { state, error } = await operation(id);
    assert.equal(state, 'failed');
    assert.equal(error!.code, 'engine-failed', JSON.stringify(error));
    assert.match(error!.detail, /disk of the Docker engine is (too )?full/);
    assert.match(error!.remedy!, /Free space there: delete snapshots.*Then ask again/);
    await until(async () => (await traces(places)).locks === 0);
    // The records of what failed stay, with the reason.
    const records = { stacks: 0, snapshots: 0 };
    assert.deepEqual({ ...(await traces(places)), ...records }, { ...clean, ...records });
    assert.deepEqual(
      readdirSync(service.temporary).filter((name) => name.startsWith('greenroom-source-')),
      [],
    );
  } finally {
    await engine.empty();
  }
  const again = await service.follow(await ask());
  return { failed, succeeded: again.subject };
}

/** The disk is full before anything is asked. */
const fullAtFirst = (freeBytes: number) => async (ask: () => Promise<Operation>) => {
  await engine.fill(freeBytes);
  return ask();
};

/** Somebody else fills it while the operation is at this progress; what is done before the disk is full is asked for again. */
const during = (message: RegExp) => async (ask: () => Promise<Operation>) => {
  for (let attempts = 5; ; attempts--) {
    const asked = await ask();
    await until(async () => {
      const { state, progress } = await operation(asked.id);
      return (state !== 'queued' && state !== 'running') || message.test(progress?.message ?? '');
    });
    await engine.fill(0);
    await until(ended(asked.id));
    if (attempts === 1 || (await operation(asked.id)).state !== 'succeeded') return asked;
    await engine.empty();
  }
};

/** Somebody else fills it while a backup is verified, which takes less than a second. */
const whileVerifying = async (ask: () => Promise<Operation>) => {
  const asked = await ask();
  while ((await places.rows(`SELECT FROM backups WHERE state = 'verifying'`)).length === 0) {
    assert.ok(!(await ended(asked.id)()), 'it has ended already');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await engine.fill(0);
  return asked;
};

for (const [what, fill] of [
  ['a capture that is larger than what is free is refused before it writes anything', fullAtFirst(20 * MB)],
  ['a capture on a full disk fails whole', fullAtFirst(0)],
  ['a capture whose disk fills up while it copies fails whole', during(/^copying and masking|^copied/)],
] as const) {
  test(what, { skip }, async () => {
    const { failed, succeeded } = await failsWhole(askCapture, fill);
    assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${failed}`)).state, 'failed');
    assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${succeeded}`)).state, 'ready');
    await service.follow(await service.call<Operation>('DELETE', `/v1/snapshots/${succeeded}`));
  });
}

for (const [what, fill] of [
  ['a stack on a full disk fails whole', fullAtFirst(0)],
  ['a stack whose disk fills up while it is made fails whole', during(/^cloning|starting|up$/)],
] as const) {
  test(what, { skip }, async () => {
    const { succeeded: name } = await failsWhole(askStack, fill);
    assert.equal((await service.call<StackDetail>('GET', `/v1/stacks/${name}`)).state, 'ready');
    assert.equal((await fetch(`${service.url}/s/${name}/api/customers?limit=1`)).status, 200);
    await service.follow(await service.call<Operation>('DELETE', `/v1/stacks/${name}`));
  });
}

test('a rehearsal on a full disk says nothing about the release', { skip }, async () => {
  const { failed, succeeded } = await failsWhole(askRehearsal, fullAtFirst(0));
  assert.equal((await service.call<{ state: string }>('GET', `/v1/migration-runs/${failed}`)).state, 'error');
  assert.equal((await service.call<{ state: string }>('GET', `/v1/migration-runs/${succeeded}`)).state, 'passed');
});

test('a rehearsal whose disk fills up while the migrator runs says nothing about the release', { skip }, async () => {
  const { failed, succeeded } = await failsWhole(askRehearsal, during(/^running/));
  assert.equal((await service.call<{ state: string }>('GET', `/v1/migration-runs/${failed}`)).state, 'error');
  assert.equal((await service.call<{ state: string }>('GET', `/v1/migration-runs/${succeeded}`)).state, 'passed');
});

const release = { version: 'v1', services: { migrator: { image: 'shop-backend:v1' } } };
const deploy = (name: string) => service.call<Operation>('POST', `/v1/stacks/${name}/deploy`, { release });

for (const [what, fill] of [
  ['a deployment on a full disk fails whole', fullAtFirst(0)],
  ['a deployment whose disk fills up while its backup is verified is taken back once there is space', whileVerifying],
] as const) {
  test(what, { skip }, async () => {
    await createStack(service, 'full');
    const { succeeded: name } = await failsWhole(
      () => deploy('full'),
      fill,
      fill === whileVerifying ? 'until it is undone' : 'full',
    );
    await runs(name, 'v1');
  });
}

test('a restore on a full disk is taken back once there is space', { skip }, async () => {
  await createStack(service, 'full');
  await service.follow(await deploy('full'));
  const { items } = await service.call<{ items: Backup[] }>('GET', '/v1/backups?stack=full');
  const wish = { backup: items[0]!.id };
  const { succeeded: name } = await failsWhole(
    () => service.call<Operation>('POST', '/v1/stacks/full/restore', wish),
    fullAtFirst(0),
    'until it is undone',
  );
  await runs(name, 'v0');
});

/** A stack is ready on this release and answers; it is deleted. */
async function runs(name: string, version: string): Promise<void> {
  const { state, release: running } = await service.call<StackDetail>('GET', `/v1/stacks/${name}`);
  assert.equal(state, 'ready');
  assert.equal(running.version, version);
  assert.equal((await fetch(`${service.url}/s/${name}/api/customers?limit=1`)).status, 200);
  await service.follow(await service.call<Operation>('DELETE', `/v1/stacks/${name}`));
}
