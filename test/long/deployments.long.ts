import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../../examples/demo/client.ts';
import type { Backup } from '../../openapi/aliases.ts';
import { differencesBetween } from '../../services/backups/content.ts';
import { type Boundary, openBoundary } from '../support/boundary.ts';
import { deploymentsOn, releaseOf } from '../support/deployments.ts';
import { docker, startService, type TestService, until } from '../support/service.ts';
import {
  capture,
  composeFile,
  createShop,
  createStack,
  type Production,
  rehearseRelease,
  startProduction,
} from '../support/shop.ts';
import { traces } from '../support/traces.ts';

let service: TestService;
let production: Production;
let boundary: Boundary;
let on: ReturnType<typeof deploymentsOn>;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  on = deploymentsOn(service);
  await createShop(service);
  await capture(service, production);
  boundary = await openBoundary(service);
  await createStack(service, 'qa', { kind: 'persistent', healthTimeoutSeconds: 30 });
});
after(async () => {
  await boundary.close();
  await production.remove();
  await service.remove();
});

const newest = 'm20250201_000008_customers_locale';
const everything = () =>
  traces({ docker, installation: service.installation, rows: boundary.rows, source: production.url });

/** Deploys v1 with a session that reads the table its migration alters, from before the migrator runs. */
async function deployAgainstReader(meanwhile: (letGo: () => Promise<unknown>) => Promise<unknown>): Promise<Operation> {
  const reader = await on.connectTo('qa');
  const operation = await on.deploy('qa', 'v1');
  await boundary.at('stack.deploy', 'verify', async () => {
    await reader.query('BEGIN; LOCK TABLE shop.customers IN ACCESS SHARE MODE');
  });
  await meanwhile(() => reader.query('ROLLBACK'));
  const ended = await on.ended(operation);
  await reader.end().catch(() => {});
  return ended;
}
const logOf = async ({ id }: Operation) => {
  const headers = { authorization: `Bearer ${service.token}` };
  return (await fetch(`${service.url}/v1/operations/${id}/log`, { headers })).text();
};

test('a migration that waits too long for a lock gives up, and the migrator is run again as often as the project says', async () => {
  await on.setPolicy({ lockTimeoutMs: 300, lockRetries: 1 });
  const content = await on.contentOf('qa');
  const failed = await deployAgainstReader(async () => {});
  assert.equal(failed.error!.code, 'migration-failed');
  assert.match(failed.error!.detail, /canceling statement due to lock timeout.*\(2 attempts\)/s);
  assert.match(failed.error!.remedy!, /lockTimeoutMs or lockRetries/);
  assert.ok(failed.steps.some(({ name }) => name === 'migrate, attempt 2'));
  assert.ok(!failed.steps.some(({ name }) => name === 'migrate, attempt 3'));
  assert.deepEqual(differencesBetween(content, await on.contentOf('qa')), []);
  assert.match((await on.lastRun('qa')).reasons!.join('; '), /equal in content/);
});

test('when the lock is let go in time, the next attempt applies the migrations', async () => {
  await on.setPolicy({ lockTimeoutMs: 300, lockRetries: 20 });
  const applied = await deployAgainstReader(async (letGo) => {
    await until(async () => {
      const steps = await boundary.rows<{ name: string }>(`SELECT name FROM operation_steps`);
      return steps.some(({ name }) => name === 'migrate, attempt 3');
    });
    await letGo();
  });
  assert.equal(applied.state, 'succeeded', JSON.stringify(applied.error));
  assert.deepEqual(applied.result!.applied, [newest]);
  assert.match(await logOf(applied), /lock timeout/);
  assert.deepEqual(await on.versionAnswered('qa'), { version: 'v1', migration: newest });
});

test('a rollback takes migrations back by the running release’s own down, and switches to the release that fits', async () => {
  const clean = await everything();
  const rolled = await on.done('POST', '/v1/stacks/qa/rollback', {
    migration: 'm20250101_000007_city_revenue',
    release: { version: 'v0' },
  });
  assert.equal(rolled.kind, 'migration.rollback');
  assert.deepEqual(rolled.result!.takenBack, [newest]);
  assert.deepEqual(await on.versionAnswered('qa'), { version: 'v0', migration: 'm20250101_000007_city_revenue' });
  const run = await on.runOf(rolled.result!.run);
  assert.equal(run.kind, 'rollback');
  assert.equal(run.state, 'passed');
  assert.deepEqual(run.report.migrator!.command, ['migrationctl', 'down', '-n', '1']);
  assert.ok(run.report.backup, 'a backup was taken before');
  const now = await everything();
  assert.deepEqual({ ...now, backups: 0, volumes: 0 }, { ...clean, backups: 0, volumes: 0 });
});

test('a rollback to a migration that is not applied, or that cannot be taken back, changes nothing', async () => {
  const content = await on.contentOf('qa');
  const wrong = await on.ended(
    await service.call<Operation>('POST', '/v1/stacks/qa/rollback', { migration: 'm20990101_000001_never' }),
  );
  assert.equal(wrong.error!.code, 'conflict');
  assert.match(wrong.error!.detail, /m20990101_000001_never is not applied/);
  assert.match(wrong.error!.remedy!, /m20250101_000007_city_revenue/);
  assert.deepEqual(differencesBetween(content, await on.contentOf('qa')), []);

  // Its services cannot run on a schema of three migrations: the page fails, and all of it is taken back.
  const failed = await on.ended(
    await service.call<Operation>('POST', '/v1/stacks/qa/rollback', { migration: 'm20250101_000001_customers' }),
  );
  assert.equal(failed.state, 'failed');
  assert.ok(failed.steps.some(({ name, state }) => name === 'migrate' && state === 'done'));
  assert.deepEqual(differencesBetween(content, await on.contentOf('qa')), []);
  assert.equal((await on.detailOf('qa')).state, 'ready');
});

/** A backend that answers for some seconds, then ends. */
const dies = (after: number) =>
  composeFile.replace(/( {2}backend:\n)/, `$1    entrypoint: [sh, -c, 'entrypoint.sh & sleep ${after}; exit 3']\n`);

test('a release that comes up and fails while it is watched is taken back, and its data can be looked at', async () => {
  const content = await on.contentOf('qa');
  await on.setPolicy({ watchSeconds: 30, keepFailedState: true }, dies(12));
  const failed = await on.ended(await on.deploy('qa', 'v1'));
  assert.equal(failed.error!.code, 'service-unhealthy', JSON.stringify(failed.error));
  assert.match(
    failed.error!.detail,
    /backend did not stay up while the release was watched: it (exited|was restarted|became unhealthy)/,
  );
  assert.ok(failed.steps.some(({ name, state }) => name === 'smoke' && state === 'done'));
  assert.deepEqual(differencesBetween(content, await on.contentOf('qa')), []);
  assert.equal((await on.versionAnswered('qa')).version, 'v0');

  const { report } = await on.lastRun('qa');
  const kept = await service.call<Backup>('GET', `/v1/backups/${report.data!.failedState}`);
  assert.equal(kept.purpose, 'failed-state');
  assert.equal(kept.release.version, 'v1');
  await on.done('POST', `/v1/backups/${kept.id}/verify`);

  // On another stack, with the services that ran on it; they die again in a while.
  await createStack(service, 'inspect', { healthTimeoutSeconds: 60, release: { version: 'v0' }, migrate: 'hold' });
  await on.done('POST', '/v1/stacks/inspect/restore', { backup: kept.id });
  await on.onDatabase('inspect', async (client) => {
    const { rows } = await client.query('SELECT max(version) AS version FROM shop.seaql_migrations');
    assert.equal(rows[0].version, newest);
  });
  await on.done('DELETE', '/v1/stacks/inspect');
});

test('a release that stays up while it is watched is adopted', async () => {
  await on.setPolicy({ watchSeconds: 3 });
  const done = await on.ended(await on.deploy('qa', 'v1'));
  assert.equal(done.state, 'succeeded', JSON.stringify(done.error));
  assert.ok(done.steps.some(({ name, state }) => name === 'watch' && state === 'done'));
  assert.equal((await on.versionAnswered('qa')).version, 'v1');
});

test('progress says which migration runs', async () => {
  await on.setPolicy({});
  await on.done('POST', '/v1/stacks/qa/rollback', {
    migration: 'm20250101_000007_city_revenue',
    release: { version: 'v0' },
  });
  const reader = await on.connectTo('qa');
  const operation = await on.deploy('qa', 'v1');
  await boundary.at('stack.deploy', 'verify', async () => {
    await reader.query('BEGIN; LOCK TABLE shop.customers IN ACCESS SHARE MODE');
  });
  const now = () => service.call<Operation>('GET', `/v1/operations/${operation.id}`);
  await until(async () => (await now()).progress?.message === `applying ${newest}`);
  assert.deepEqual([(await now()).progress!.done, (await now()).progress!.total], [0, 1]);
  await reader.query('ROLLBACK');
  await reader.end();
  assert.equal((await on.ended(operation)).state, 'succeeded');
});

test('a rehearsal’s sessions have the time-outs that a deployment’s will have', async () => {
  await on.setPolicy({ statementTimeoutMs: 1 });
  const { state, report } = await rehearseRelease(service, releaseOf('v2'));
  assert.equal(state, 'failed');
  assert.match(report.reasons.join('; '), /canceling statement due to statement timeout/);
});
