import { dropBackup, tidyBackups } from '../backups/backup.ts';
import { takeStackBackup } from '../backups/take-stack.ts';
import { verifyBackup } from '../backups/verify.ts';
import { query, queryOne } from '../database/queries.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { migrateInSteps, openNetwork, type Task } from '../migrations/migrate-stack.ts';
import { refuseFailedRehearsal } from '../migrations/refuse-failed-rehearsal.ts';
import type { ApplyReport } from '../migrations/report.ts';
import { backupOf, getRunRow, listCloneOf } from '../migrations/runs.ts';
import { knownMigrations, type MigrationStatus, statusOnStack, takenBackFor } from '../migrations/status.ts';
import type { OperationKind } from '../operations/kind.ts';
import { deploymentPolicyOf } from '../projects/deployment-policy.ts';
import { smokeTest } from '../readiness/smoke.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import { type Build, buildOf, resolveImages, startDatabase } from './build.ts';
import { findStack, openPlan, ownStack, type StackRef } from './stack.ts';
import { stopServices } from './stop.ts';
import { refuseMovedData, switchServices, whatBroke } from './switch.ts';
import { hasChanged, takeBack } from './take-back.ts';
import { watchStack } from './watch.ts';

export interface DeployInput extends StackRef {
  run: string;
  /** What the stack was when it was asked for, and is again when it fails. */
  was: 'ready' | 'degraded';
  /** Wait to be told when there are migrations to run. */
  hold: boolean;
  /** It was held until now, and is again where it is refused. */
  held?: boolean;
  evenIfRehearsalFailed?: boolean;
  timeoutMs: number;
  /** Of a rollback: the newest migration that stays. */
  backTo?: string;
  /** Of a rollback: the release stays too, with the very images it runs. */
  sameRelease?: boolean;
}

/**
 * Puts a release on a stack: where migrations are pending, the services are stopped, a backup is taken and verified,
 * the migrations run; then what differs is switched, and the application is asked, and watched. A rollback is the same,
 * with migrations that the running release takes back. When anything fails, all of it is taken back: the data from the
 * backup, the services as they were.
 */
export function deployRelease(greenroom: Greenroom): OperationKind<DeployInput> {
  const { pool } = greenroom;
  const report = (run: string, part: ApplyReport) => query(pool, 'add-to-report', [run, part]);
  return {
    async run(input, context) {
      const { stack, run, hold, was, timeoutMs, backTo } = input;
      const row = await ownStack(pool, input);
      const before = openPlan(greenroom.sealer, row);
      const plan = openPlan(greenroom.sealer, await getRunRow(pool, run));
      const policy = await deploymentPolicyOf(pool, row.project);
      const build = await buildOf(greenroom, row, plan, context);
      const { host } = build;
      const images = await context.step('images', async () => {
        const found = input.sameRelease ? row.release.images : await resolveImages(build);
        await refuseMovedData(host, before, plan);
        return found;
      });
      // What runs now knows how to take its migrations back; a release that comes knows its own.
      const migrator = backTo === undefined ? { plan, images } : { plan: before, images: row.release.images };
      const task = await context.step('migrations', async (): Promise<Task> => {
        const found = await statusFor({ ...build, plan: migrator.plan }, before, migrator.images, run, timeoutMs);
        await report(run, { from: row.release.version, images, ...(found ? { status: found.status } : {}) });
        const { applied = [], pending = [] } = found?.status ?? {};
        if (backTo !== undefined) {
          const migrations = found ? takenBackFor(backTo, found.known, found.status) : [];
          return { direction: 'down', migrations, applied: applied.filter((version) => !migrations.includes(version)) };
        }
        if (!hold && !input.evenIfRehearsalFailed)
          await refuseFailedRehearsal(pool, row.project, plan, images, found?.status);
        return { direction: 'up', migrations: pending, applied: [...applied, ...pending] };
      });
      const { direction, migrations } = task;
      if (hold && migrations.length > 0) {
        await query(pool, 'hold-candidate', [stack, run, was]);
        context.log(`waits to be told: ${migrations.length} migrations are pending`);
        return { stack, run, held: true, pending: migrations };
      }
      if (migrations.length > 0) {
        const id = backupOf(run);
        await context.step('stop', async () => {
          context.progress('stopping the application');
          await stopServices(host, stack, before, 'all but the database');
        });
        await context.step('backup', async () => {
          context.progress('taking a backup');
          const wish = { id, row, plan: before, purpose: 'migration', forms: policy.backups } as const;
          const { freezeMs, readMs } = await takeStackBackup(greenroom, { ...wish, signal: context.signal });
          context.log(`backup ${id} taken`);
          await report(run, { backup: { id, freezeMs, readMs } });
        });
        await context.step('verify', async () => {
          // Meanwhile, because it takes the engine a while; what goes wrong with it does so again when it is needed.
          const opening = openNetwork(greenroom, host, stack, before).catch(() => {});
          const { verifyMs } = await verifyBackup(greenroom, id, context).finally(() => opening);
          await report(run, { verification: { verifyMs } });
        });
        // As it is to be: a release may bring other logins, which its migrator uses.
        if (direction === 'up') await context.step('database', () => startDatabase(build, images));
        const options = { ...migrator, host, stack, run, timeoutMs, timeouts: policy };
        await report(run, { migrator: await migrateInSteps(greenroom, options, task, policy.lockRetries, context) });
      }
      await context.step('services', () => switchServices(build, images));
      await context.step('smoke', async () => {
        context.progress('asking the application');
        await report(run, { smoke: (await smokeTest(host, stack, plan, context.signal)) ?? [] });
      });
      if (policy.watchSeconds > 0)
        await context.step('watch', () => watchStack(host, stack, plan, policy.watchSeconds * 1000, context));
      const { release, sealed_plan: sealed } = await getRunRow(pool, run);
      const migrated = direction === 'up' && migrations.length > 0;
      await query(pool, 'adopt-candidate', [stack, run, { ...release, images }, sealed, migrated]);
      await tidyBackups(greenroom, row, context.log);
      const changed = direction === 'up' ? { applied: migrations } : { takenBack: migrations };
      return { stack, run, version: release.version, ...changed };
    },

    async undo({ run, was, held, ...ref }, context, error) {
      const row = await findStack(pool, ref);
      if (held && error.code === 'rehearsal-failed') {
        await query(pool, 'hold-candidate', [ref.stack, run, was]);
        return;
      }
      let restored: ApplyReport['restored'] = false;
      const reasons = [error.detail];
      if (row?.candidate === run && row.state === 'deploying') {
        const host = hostOf(greenroom, row.host);
        const back = await takeBack(greenroom, row, run, context).catch(async (error) => ({
          broken: await whatBroke(host, error),
        }));
        const broken = back && 'broken' in back ? back.broken : undefined;
        await query(pool, 'drop-candidate', [ref.stack, run, broken ? 'degraded' : was, broken ?? null]);
        if (broken) reasons.push(`what it had begun could not be taken back: ${broken.detail}`);
        else if (back && 'data' in back) reasons.push('the data was put back from the backup, equal in content');
        restored = !broken && hasChanged(context.begun);
        if (back && 'data' in back) await report(run, { data: back.data });
      }
      await query(pool, 'fail-apply', [run, { passed: false, reasons, restored }, error]);
      await dropUnproved(greenroom, run);
      if (row) await tidyBackups(greenroom, row, context.log);
    },
  };
}

/** What a migrator knows and what of it the stack's database has, which is only read; undefined where there is nothing to migrate. */
async function statusFor(
  { greenroom, host, name, row, plan, context }: Build,
  before: Build['plan'],
  images: Record<string, string>,
  run: string,
  timeoutMs: number,
): Promise<{ known: string[]; status: MigrationStatus } | undefined> {
  if (!plan.greenroom.migrations || row.snapshot === null) return undefined;
  const snapshot = await getSnapshotRow(greenroom.pool, row.snapshot);
  const asked = { host, plan, snapshot, images, timeoutMs, name: listCloneOf(run), signal: context.signal };
  const known = await knownMigrations(greenroom, asked);
  return { known, status: await statusOnStack(host, name, before, known) };
}

/** A backup that was never proved is of no use to anybody. */
async function dropUnproved(greenroom: Greenroom, run: string): Promise<void> {
  const row = await queryOne<{ id: string; volume: string; host: string; verified_at: Date | null }>(
    greenroom.pool,
    'get-backup',
    [backupOf(run)],
  );
  if (row && row.verified_at === null) await dropBackup(greenroom, hostOf(greenroom, row.host), row);
}
