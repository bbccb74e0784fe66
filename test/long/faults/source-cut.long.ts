import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { Operation } from '../../../examples/demo/client.ts';
import type { Snapshot } from '../../../openapi/aliases.ts';
import { label } from '../../../services/engine/labels.ts';
import { docker, startService, type TestService, until } from '../../support/service.ts';
import { createShop, type Production, policy, startProduction } from '../../support/shop.ts';
import { sessionsOn } from '../../support/traces.ts';

const run = promisify(execFile);

let service: TestService;
let production: Production;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction({ scale: '0.3' })]);
  await createShop(service);
  await service.call('POST', '/v1/projects/shop/sources', { name: 'production', url: production.url, policy });
});
after(async () => {
  await production?.remove();
  await service?.remove();
});

/** Asks production as its superuser, who may end sessions and lock tables. */
const asSuperuser = async (sql: string) => {
  const psql = ['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', 'shop', '-c', sql];
  return (await run('docker', ['exec', production.name, ...psql])).stdout.trim();
};
/** Ends the sessions on production that `which` is true of, and says how many they were. */
const terminate = async (which: string) => {
  const ended = await asSuperuser(
    `SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${which}) ended`,
  );
  return Number(ended);
};
const workers = `application_name = 'greenroom' AND query ~ '^COPY|LOCK TABLE ONLY'`;
const dumping = `application_name = 'greenroom' AND query LIKE 'LOCK TABLE%'`;
/** The session that exported the snapshot is the first that a capture opens. */
const exporting = `pid = (SELECT pid FROM pg_stat_activity WHERE application_name = 'greenroom' ORDER BY backend_start LIMIT 1)`;

const operation = (id: string) => service.call<Operation>('GET', `/v1/operations/${id}`);
const hasProgress = (id: string, message: RegExp) => async () => {
  const { state, progress } = await operation(id);
  assert.ok(state === 'queued' || state === 'running', `it has ${state} already`);
  return message.test(progress?.message ?? '');
};

/** Holds a lock that every reader of the table waits for, until the function it returns is called. */
async function lockTable(table: string): Promise<() => Promise<void>> {
  const holding = asSuperuser(`SET application_name = 'holder'; BEGIN; LOCK TABLE ${table}; SELECT pg_sleep(600)`);
  holding.catch(() => {}); // it is ended
  await until(
    async () =>
      (await asSuperuser(`SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'holder' AND wait_event = 'PgSleep'`)) === '1',
  );
  return async () => {
    await terminate(`application_name = 'holder'`);
  };
}

const waitingForLock = (which: string) => async () =>
  Number(await asSuperuser(`SELECT count(*) FROM pg_stat_activity WHERE ${which} AND wait_event_type = 'Lock'`)) > 0;

/** Where a capture is cut: when it is there, and which of its sessions end. */
const cuts: Record<string, (id: string) => Promise<number>> = {
  'all sessions, while rows are copied': async (id) => {
    await until(hasProgress(id, /^copying and masking|^copied/));
    return terminate(`application_name ~ 'greenroom|pg_dump'`);
  },
  'pg_dump alone, while it reads the schema': async (id) => {
    await until(hasProgress(id, /starting an empty/));
    const unlock = await lockTable('shop.customers');
    try {
      await until(waitingForLock(dumping));
      return await terminate(dumping);
    } finally {
      await unlock();
    }
  },
  'the exporting session alone, while pg_dump reads the schema': async (id) => {
    await until(hasProgress(id, /starting an empty/));
    const unlock = await lockTable('shop.customers');
    try {
      await until(waitingForLock(dumping));
      return await terminate(exporting);
    } finally {
      await unlock();
    }
  },
  'the exporting session alone, while rows are copied': async (id) => {
    await until(hasProgress(id, /^copying and masking|^copied/));
    return terminate(exporting);
  },
};

for (const [what, cut] of Object.entries(cuts)) {
  test(`a source that ends ${what}, fails the capture whole`, async () => {
    const { id, subject } = await service.call<Operation>('POST', '/v1/snapshots', {
      project: 'shop',
      source: 'production',
    });
    assert.ok((await cut(id)) > 0, 'no session was there to end');
    await until(async () => !['queued', 'running'].includes((await operation(id)).state));
    const { state, error } = await operation(id);
    assert.equal(state, 'failed');
    assert.equal(error!.code, 'source-unreachable', JSON.stringify(error));
    const server = new URL(production.url).host;
    assert.equal(error!.where, server);
    assert.ok(error!.detail.startsWith(`${server} broke off`), error!.detail);
    assert.match(error!.remedy!, /Ask again.*log/);
    assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${subject}`)).state, 'failed');
    const filters = { label: [`${label.snapshot}=${subject}`] };
    assert.deepEqual(await docker.listContainers({ all: true, filters }), []);
    assert.deepEqual((await docker.listVolumes({ filters: filters as never })).Volumes ?? [], []);
    assert.deepEqual(
      readdirSync(service.temporary).filter((name) => name.startsWith('greenroom-source-')),
      [],
    );
    await until(async () => (await sessionsOn(production.url)) === 0);
  });
}

test('a copying session that is ended alone, in the middle of its table, is opened anew, and the capture succeeds', async () => {
  const { id, subject } = await service.call<Operation>('POST', '/v1/snapshots', {
    project: 'shop',
    source: 'production',
  });
  await until(hasProgress(id, /^copying and masking|^copied/));
  // A small table comes last, so there is time.
  const unlock = await lockTable('shop.staff');
  try {
    await until(waitingForLock(workers));
    assert.ok((await terminate(`${workers} AND wait_event_type = 'Lock'`)) > 0, 'no session was there to end');
  } finally {
    await unlock();
  }
  await until(async () => !['queued', 'running'].includes((await operation(id)).state));
  assert.equal((await operation(id)).state, 'succeeded');
  assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${subject}`)).state, 'ready');
  await until(async () => (await sessionsOn(production.url)) === 0);
});

test('after that a capture succeeds', async () => {
  const again = await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'production' });
  await service.follow(again);
  assert.equal((await service.call<Snapshot>('GET', `/v1/snapshots/${again.subject}`)).state, 'ready');
});
