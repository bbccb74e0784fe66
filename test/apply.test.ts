import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Operation } from '../examples/demo/client.ts';
import type { components } from '../openapi/types.ts';
import { type DatabaseContent, differencesBetween, readContent } from '../services/backups/content.ts';
import { containerStream } from '../services/engine/container-stream.ts';
import { exec } from '../services/engine/exec.ts';
import { label } from '../services/engine/labels.ts';
import type { ApplyReport } from '../services/migrations/report.ts';
import { type Boundary, openBoundary } from './support/boundary.ts';
import { docker, startService, type TestService, until } from './support/service.ts';
import { capture, composeFile, createShop, createStack, type Production, startProduction } from './support/shop.ts';

type Schemas = components['schemas'];
type Run = Schemas['MigrationRunDetail'] & { report: ApplyReport };

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

const releaseOf = (version: string, migrator: object = {}) => {
  const image = `shop-backend:${version}`;
  return { version, services: { backend: { image }, migrator: { image, ...migrator } } };
};
const deploy = (stack: string, release: object, more: object = {}) =>
  service.call<Operation>('POST', `/v1/stacks/${stack}/deploy`, { release, migrate: 'auto', ...more });
const detailOf = (stack: string) => service.call<Schemas['StackDetail']>('GET', `/v1/stacks/${stack}`);
const runOf = (id: unknown) => service.call<Run>('GET', `/v1/migration-runs/${id}`);
const ended = async (operation: Operation) => {
  await service.follow(operation).catch(() => {});
  return service.call<Operation>('GET', `/v1/operations/${operation.id}`);
};
const lastRun = async (stack: string) => {
  const { items } = await service.call<{ items: Schemas['MigrationRun'][] }>(
    'GET',
    `/v1/migration-runs?stack=${stack}`,
  );
  return runOf(items[0]!.id);
};
const backupsOf = async (stack: string) =>
  (await service.call<{ items: Schemas['Backup'][] }>('GET', `/v1/backups?stack=${stack}`)).items;
const container = (stack: string, name: string) => `gr-${service.installation}-${stack}_${name}-1`;
const versionAnswered = async (stack: string) =>
  (await (await fetch(`${service.url}/s/${stack}/api/version`)).json()) as { version: string; migration: string };

async function connectTo(stack: string): Promise<pg.Client> {
  const stream = containerStream({ docker }, container(stack, 'postgres'), 5432);
  const client = new pg.Client({ user: 'postgres', password: 'postgres-dev', database: 'shop', stream });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function onDatabase<T>(stack: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectTo(stack);
  return work(client).finally(() => client.end());
}
const contentOf = (stack: string): Promise<DatabaseContent> => onDatabase(stack, (client) => readContent(client));

/** What the installation has for backups and migrations beyond the stacks themselves. */
async function leftovers(stack: string): Promise<string[]> {
  const filters = { label: [`${label.installation}=${service.installation}`] };
  const [containers, { Volumes: volumes }, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listVolumes({ filters: filters as never }),
    docker.listNetworks({ filters }),
  ]);
  const expected = [
    /-helper$/,
    /-work$/,
    /-cluster-[0-9a-f]+$/,
    /-snap-/,
    new RegExp(`-${stack}_(postgres|backend|frontend)-1$`),
  ];
  expected.push(new RegExp(`-${stack}_(data|web)$`));
  return [
    ...containers.map(({ Names }) => Names[0]!),
    ...volumes.map(({ Name }) => Name),
    ...networks.map(({ Name }) => Name),
  ].filter((name) => !expected.some((pattern) => pattern.test(name)));
}

/** A failed apply leaves content, services and release as they were, and says why. */
async function isAsBefore(stack: string, content: DatabaseContent): Promise<void> {
  assert.deepEqual(differencesBetween(content, await contentOf(stack)), []);
  const detail = await detailOf(stack);
  assert.equal(detail.state, 'ready', JSON.stringify(detail.error));
  assert.equal(detail.release.version, 'v0');
  assert.equal(detail.candidate, undefined);
  assert.ok(detail.services.every(({ state }) => state === 'running' || state === 'not started'));
  assert.equal((await versionAnswered(stack)).version, 'v0');
}

test('what a release has to migrate is told without writing to the stack', async () => {
  await createStack(service, 'qa', { kind: 'persistent', healthTimeoutSeconds: 30 });
  const content = await contentOf('qa');
  const wish = { kind: 'status', project: 'shop', stack: 'qa', release: releaseOf('v1') };
  const { result } = await service.follow(await service.call<Operation>('POST', '/v1/migration-runs', wish));
  assert.deepEqual(result!.pending, ['m20250201_000008_customers_locale']);
  assert.equal((result!.applied as string[]).length, 7);
  assert.deepEqual([result!.unknown, result!.outOfOrder], [[], []]);
  assert.deepEqual(differencesBetween(content, await contentOf('qa')), []);
  assert.deepEqual(await leftovers('qa'), []);
});

test('a persistent stack holds a candidate with pending migrations until it is told to apply it', async () => {
  const held = await service.follow(await deploy('qa', releaseOf('v1'), { migrate: 'hold' }));
  assert.equal(held.result!.held, true);
  assert.deepEqual(held.result!.pending, ['m20250201_000008_customers_locale']);
  const waiting = await detailOf('qa');
  assert.equal(waiting.candidate, held.result!.run);
  assert.equal((await versionAnswered('qa')).version, 'v0');
  assert.equal((await runOf(held.result!.run)).state, 'held');

  const frontend = await docker.getContainer(container('qa', 'frontend')).inspect();
  const applied = await service.follow(await service.call<Operation>('POST', '/v1/stacks/qa/apply'));
  assert.equal(applied.kind, 'migration.apply');
  const now = await detailOf('qa');
  assert.equal(now.release.version, 'v1');
  assert.equal(now.candidate, undefined);
  assert.deepEqual(await versionAnswered('qa'), { version: 'v1', migration: 'm20250201_000008_customers_locale' });
  const { Id } = await docker.getContainer(container('qa', 'frontend')).inspect();
  assert.equal(Id, frontend.Id, 'a service that did not change is not made anew');

  const { report, state } = await runOf(held.result!.run);
  assert.equal(state, 'passed');
  assert.equal(report.migrator!.outcome, 'completed');
  assert.match(report.migrator!.target.systemIdentifier, /^\d+$/);
  assert.deepEqual(report.migrator!.migrations, ['m20250201_000008_customers_locale']);
  assert.deepEqual(
    report.smoke!.map(({ status }) => status),
    [200, 200],
  );
  const [backup] = await backupsOf('qa');
  assert.equal(backup!.id, report.backup!.id);
  assert.equal(backup!.state, 'verified');
  assert.equal(backup!.release.version, 'v0');
  await assert.rejects(service.call('POST', '/v1/stacks/qa/apply'), /holds no candidate/);
});

test('a restore brings back the data and the release of the backup, and the backup stays', async () => {
  const [backup] = await backupsOf('qa');
  await onDatabase('qa', (client) => client.query('DELETE FROM shop.order_items'));
  await service.follow(await service.call<Operation>('POST', '/v1/stacks/qa/restore', { backup: backup!.id }));
  const detail = await detailOf('qa');
  assert.equal(detail.release.version, 'v0');
  assert.deepEqual(await versionAnswered('qa'), { version: 'v0', migration: 'm20250101_000007_city_revenue' });
  const { rows } = await onDatabase('qa', (client) => client.query('SELECT count(*)::int AS n FROM shop.order_items'));
  assert.ok(rows[0].n > 0);
  assert.equal((await backupsOf('qa'))[0]!.state, 'verified');
  assert.deepEqual(
    (await leftovers('qa')).filter((name) => !name.includes(backup!.id)),
    [],
  );
});

test('backups are listed, kept, verified again and deleted', async () => {
  const [backup] = await backupsOf('qa');
  const kept = await service.call<Schemas['Backup']>('PATCH', `/v1/backups/${backup!.id}`, { kept: true });
  assert.equal(kept.kept, true);
  assert.ok(kept.rows! > 1000);
  const { verifiedAt } = kept;
  await service.follow(await service.call<Operation>('POST', `/v1/backups/${backup!.id}/verify`));
  const again = await service.call<Schemas['Backup']>('GET', `/v1/backups/${backup!.id}`);
  assert.equal(again.state, 'verified');
  assert.notEqual(again.verifiedAt, verifiedAt);
  await service.follow(await service.call<Operation>('DELETE', `/v1/backups/${backup!.id}`));
  assert.deepEqual(await backupsOf('qa'), []);
  assert.deepEqual(await leftovers('qa'), []);
});

/** Changes the backup between its being taken and its being verified. */
async function applyWithDamage(damage: (volume: string) => Promise<void>): Promise<Operation> {
  const operation = await deploy('qa', releaseOf('v1'));
  await boundary.at('stack.deploy', 'backup', async () => {
    const run = await lastRun('qa');
    await damage(`gr-${service.installation}-${run.id.replace('run-', 'bak-')}`);
  });
  return ended(operation);
}

/** Runs SQL on the backup itself by starting a server on it, as an attacker or an accident might. */
async function alterBackup(volume: string, sql: string): Promise<void> {
  const made = await docker.createContainer({
    Image: 'postgres:17',
    Env: ['POSTGRES_PASSWORD=x'],
    Labels: { 'greenroom.test': '1' },
    HostConfig: { Binds: [`${volume}:/var/lib/postgresql/data`], NetworkMode: 'none' },
  });
  try {
    await made.start();
    await until(async () => (await exec({ docker }, made.id, { command: ['pg_isready', '-q'] })).exitCode === 0);
    const command = ['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', 'shop', '-c', sql];
    const { exitCode, stderr } = await exec({ docker }, made.id, { command });
    assert.equal(exitCode, 0, stderr);
    await made.stop();
  } finally {
    await made.remove({ force: true, v: true });
  }
}

/** Overwrites a page in the middle of a table's file, whose path the live database tells. */
async function damagePage(volume: string, table: string): Promise<void> {
  const { rows } = await onDatabase('qa', (client) =>
    client.query(`SELECT pg_relation_filepath($1) AS path, pg_relation_size($1) / 8192 AS pages`, [table]),
  );
  const helper = `gr-${service.installation}-helper`;
  const { Mountpoint: mountpoint } = await docker.getVolume(volume).inspect();
  const file = `${mountpoint}/${rows[0].path}`;
  const seek = Math.floor(Number(rows[0].pages) / 2);
  const command = ['dd', 'if=/dev/zero', `of=${file}`, 'bs=8192', 'count=1', `seek=${seek}`, 'conv=notrunc'];
  assert.equal((await exec({ docker }, helper, { command })).exitCode, 0);
}

test('a backup with one damaged page, one changed sequence or one missing row makes apply refuse to go on', async () => {
  const content = await contentOf('qa');
  const cases: [string, (volume: string) => Promise<void>, RegExp][] = [
    ['page', (volume) => damagePage(volume, 'shop.order_items'), /shop\.order_items/],
    [
      'sequence',
      (volume) => alterBackup(volume, `SELECT nextval(pg_get_serial_sequence('shop.customers', 'id'))`),
      /customers.*seq.* is at \d+ instead of \d+/,
    ],
    [
      'row',
      (volume) =>
        alterBackup(volume, 'DELETE FROM shop.order_items WHERE ctid = (SELECT min(ctid) FROM shop.order_items)'),
      /shop\.order_items.*\d+ rows instead of \d+/,
    ],
  ];
  for (const [what, damage, says] of cases) {
    const operation = await applyWithDamage(damage);
    assert.equal(operation.state, 'failed', what);
    assert.equal(operation.error!.code, 'backup-damaged', what);
    assert.match(JSON.stringify(operation.error), says, what);
    assert.ok(!operation.steps.some(({ name }) => name === 'migrate'), `${what}: nothing was migrated`);
    await isAsBefore('qa', content);
    assert.deepEqual(await backupsOf('qa'), [], `${what}: a backup that proves nothing does not stay`);
    assert.deepEqual(await leftovers('qa'), []);
  }
});

test('an apply that fails leaves every table, every service and the release as before, and says why', async () => {
  const content = await contentOf('qa');
  const operation = await ended(await deploy('qa', releaseOf('v2-enum')));
  assert.equal(operation.state, 'failed');
  assert.equal(operation.error!.code, 'migration-failed');
  assert.match(operation.error!.detail, /migrationctl up failed.*unsafe use of new value/s);
  await isAsBefore('qa', content);
  const run = await lastRun('qa');
  assert.equal(run.state, 'failed');
  assert.match(run.reasons!.join('; '), /unsafe use of new value.*put back from the backup/s);
});

test('migrations whose rehearsal failed are refused before anything is touched, unless it is said', async () => {
  const content = await contentOf('qa');
  const wish = { kind: 'rehearsal', project: 'shop', release: releaseOf('v2-enum'), impact: false };
  const rehearsal = await service.call<Operation>('POST', '/v1/migration-runs', wish);
  await service.follow(rehearsal);
  const held = await service.follow(await deploy('qa', releaseOf('v2-enum'), { migrate: 'hold' }));
  assert.equal(held.result!.held, true, 'to hold it touches nothing');
  const apply = (more: object) => service.call<Operation>('POST', '/v1/stacks/qa/apply', more);
  for (const asked of [() => apply({}), () => deploy('qa', releaseOf('v2-enum'))]) {
    const refused = await ended(await asked());
    assert.equal(refused.error!.code, 'rehearsal-failed');
    assert.match(
      refused.error!.detail,
      new RegExp(`${rehearsal.subject}.*unsafe use of new value.*Instead: add the value`, 's'),
    );
    assert.match(refused.error!.remedy!, /evenIfRehearsalFailed/);
    assert.deepEqual(
      refused.steps.map(({ name }) => name),
      ['images', 'migrations'],
    );
    assert.deepEqual(differencesBetween(content, await contentOf('qa')), []);
  }
  assert.equal(
    (await runOf(held.result!.run)).state,
    'superseded',
    'a refused apply held it; the deployment took its place',
  );
  await isAsBefore('qa', content);
  const insisted = await ended(await deploy('qa', releaseOf('v2-enum'), { evenIfRehearsalFailed: true }));
  assert.equal(insisted.error!.code, 'migration-failed');
  await isAsBefore('qa', content);
  const other = await ended(await deploy('qa', releaseOf('v1')));
  assert.equal(other.state, 'succeeded', 'another migrator’s rehearsal is not this one’s');
  const [backup] = await backupsOf('qa');
  await service.follow(await service.call<Operation>('POST', '/v1/stacks/qa/restore', { backup: backup!.id }));
});

test('when migrations pass but the release does not come up, the data goes back too', async () => {
  const content = await contentOf('qa');
  const release = releaseOf('v1');
  Object.assign(release.services.backend, { variables: { DATABASE_URL: 'postgres://shop:x@postgres:1/shop' } });
  const operation = await ended(await deploy('qa', release));
  assert.equal(operation.error!.code, 'service-unhealthy');
  assert.ok(operation.steps.some(({ name, state }) => name === 'migrate' && state === 'done'));
  await isAsBefore('qa', content);
});

/** Puts something in the place of `up`; what the migrator has can still be asked. */
const insteadOfUp = (script: string) => {
  const command = `['sh', '-c', 'case $1 in status) exec migrationctl status;; *) ${script};; esac', 'sh']`;
  const files = { 'compose.yaml': composeFile.replace('[migrationctl]', command).replaceAll('$1', '$$$$1') };
  return service.call('PUT', '/v1/projects/shop', { bundle: { files } });
};
const asItWas = () => service.call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': composeFile } } });

test('a migrator that hangs, or does nothing at all, is told apart and taken back', async () => {
  const content = await contentOf('qa');
  for (const [script, says] of [
    ['sleep 600', /did not end within its time/],
    ['true', /exited 0 without having been seen in the database; not applied: m20250201_000008/],
    ['exit 101', /panicked/],
  ] as const) {
    await insteadOfUp(script);
    const failed = await ended(await deploy('qa', releaseOf('v1'), { timeoutSeconds: 5 }));
    assert.equal(failed.error!.code, 'migration-failed', JSON.stringify(failed.error));
    assert.match(failed.error!.detail, says);
    await isAsBefore('qa', content);
  }
  await asItWas();
});

/** Deploys while a session that began after the backup reads a table that the migration alters. */
async function deployAgainstReader(timeoutSeconds: number, meanwhile: (operation: Operation) => Promise<void>) {
  const holder = await connectTo('qa');
  const operation = await deploy('qa', releaseOf('v1'), { timeoutSeconds });
  await boundary.at('stack.deploy', 'verify', async () => {
    await holder.query('BEGIN; LOCK TABLE shop.customers IN ACCESS SHARE MODE');
  });
  await meanwhile(operation);
  const failed = await ended(operation);
  // The data was put back under it: its session is gone.
  await holder.end().catch(() => {});
  return failed;
}

test('a migrator that waits for a lock until its time is up is told from one that hangs', async () => {
  const content = await contentOf('qa');
  const failed = await deployAgainstReader(5, async () => {});
  assert.match(failed.error!.detail, /waited for a lock until its time was up.*ALTER TABLE customers/s);
  await isAsBefore('qa', content);
});

test('cancelled in the middle of a statement, the migrator and its session in the database end', async () => {
  const content = await contentOf('qa');
  const failed = await deployAgainstReader(600, async ({ id }) => {
    const watcher = await connectTo('qa');
    const waiting = async () => {
      const { rowCount } = await watcher.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~* 'ALTER TABLE customers'`,
      );
      return rowCount;
    };
    await until(async () => (await waiting()) === 1);
    await service.call('POST', `/v1/operations/${id}/cancel`);
    // Either it is seen to be gone, or the whole server is: its container is replaced.
    await until(async () => (await waiting().catch(() => 0)) === 0);
    await watcher.end().catch(() => {});
  });
  assert.equal(failed.state, 'cancelled');
  await isAsBefore('qa', content);
});

test('while somebody writes, no backup is taken and nothing is migrated', async () => {
  const content = await contentOf('qa');
  const backups = await backupsOf('qa');
  assert.ok(backups.length <= 3, 'of those that nobody keeps only the newest stay');
  await onDatabase('qa', async (writer) => {
    await writer.query(`SET application_name = 'psql of Ada'; BEGIN; UPDATE shop.customers SET full_name = full_name`);
    const failed = await ended(await deploy('qa', releaseOf('v1')));
    assert.equal(failed.error!.code, 'backup-failed');
    assert.match(failed.error!.detail, /Somebody writes to the database: .*psql of Ada/);
    await writer.query('ROLLBACK');
  });
  await isAsBefore('qa', content);
  assert.deepEqual(await backupsOf('qa'), backups);
});

test('a release that brings other passwords migrates with them, and a failed one leaves the old ones in force', async () => {
  const files = { 'compose.yaml': composeFile };
  const variables = { SHOP_DB_PASSWORD: 'another-secret', POSTGRES_PASSWORD: 'postgres-another' };
  await service.call('PUT', '/v1/projects/shop', { bundle: { files }, variables });
  const failed = await ended(await deploy('qa', releaseOf('v2-enum')));
  assert.match(failed.error!.detail, /unsafe use of new value/);
  assert.equal((await detailOf('qa')).state, 'ready');
  assert.equal((await versionAnswered('qa')).version, 'v0');
  const done = await ended(await deploy('qa', releaseOf('v1')));
  assert.equal(done.state, 'succeeded', JSON.stringify(done.error));
  assert.equal((await versionAnswered('qa')).version, 'v1');
  await assert.rejects(connectTo('qa'), /password authentication failed/);
  const [backup] = await backupsOf('qa');
  await service.follow(await service.call<Operation>('POST', '/v1/stacks/qa/restore', { backup: backup!.id }));
  await (await connectTo('qa')).end();
  await service.call('PUT', '/v1/projects/shop', { bundle: { files } });
});

test('a database that has migrations which the release does not know is left alone', async () => {
  await service.follow(await deploy('qa', releaseOf('v1')));
  const operation = await ended(await deploy('qa', releaseOf('v0')));
  assert.equal(operation.error!.code, 'conflict');
  assert.match(operation.error!.detail, /does not know: m20250201_000008_customers_locale/);
  assert.equal((await detailOf('qa')).release.version, 'v1');
  await service.follow(await service.call<Operation>('DELETE', '/v1/stacks/qa'));
  assert.deepEqual(await backupsOf('qa'), [], 'backups that nobody kept go with the stack');
  assert.deepEqual(await leftovers('qa'), []);
});

test('a preview of a candidate is one request: migrated data, and a reset migrates again', async () => {
  await createStack(service, 'preview', { release: releaseOf('v1') });
  assert.deepEqual(await versionAnswered('preview'), {
    version: 'v1',
    migration: 'm20250201_000008_customers_locale',
  });
  await service.follow(await service.call<Operation>('POST', '/v1/stacks/preview/reset'));
  assert.equal((await versionAnswered('preview')).migration, 'm20250201_000008_customers_locale');
  const failing = await service.call<Operation>('POST', '/v1/stacks', {
    name: 'broken',
    project: 'shop',
    release: releaseOf('v2-enum'),
  });
  const operation = await ended(failing);
  assert.equal(operation.error!.code, 'migration-failed');
  assert.deepEqual(await leftovers('preview'), []);
});
