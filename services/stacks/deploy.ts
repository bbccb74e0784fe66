import { dropBackup, dropOldBackups, getBackupRow } from '../backups/backup.ts';
import { takeStackBackup } from '../backups/take-stack.ts';
import { verifyBackup } from '../backups/verify.ts';
import { query, queryOne } from '../database/queries.ts';
import { messageOf } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { endMigration, migrateStack } from '../migrations/migrate-stack.ts';
import { refuseFailedRehearsal } from '../migrations/refuse-failed-rehearsal.ts';
import type { ApplyReport } from '../migrations/report.ts';
import { backupOf, getRunRow, listCloneOf } from '../migrations/runs.ts';
import { knownMigrations, type MigrationStatus, statusOnStack } from '../migrations/status.ts';
import type { OperationKind, UndoContext } from '../operations/kind.ts';
import { smokeTest } from '../readiness/smoke.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import { type Build, buildOf, resolveImages, startDatabase } from './build.ts';
import { findStack, openPlan, ownStack, type StackRef, type StackRow } from './stack.ts';
import { stopServices } from './stop.ts';
import { moveData, refuseMovedData, switchServices, whatBroke } from './switch.ts';

export interface DeployInput extends StackRef {
  run: string;
  /** What the stack was when it was asked for, and is again when it fails. */
  was: 'ready' | 'degraded';
  /** Wait to be told when there are migrations to run. */
  hold: boolean;
  evenIfRehearsalFailed?: boolean;
  timeoutMs: number;
}

/**
 * Puts a release on a stack: where migrations are pending, the services are stopped, a backup is taken and verified,
 * the migrations run; then what differs is switched, and the application is asked. When anything fails, all of it is
 * taken back: the data from the backup, the services as they were.
 */
export function deployRelease(greenroom: Greenroom): OperationKind<DeployInput> {
  const { pool } = greenroom;
  const report = (run: string, part: ApplyReport) => query(pool, 'add-to-report', [run, part]);
  return {
    async run(input, context) {
      const { stack, run, hold, was, timeoutMs } = input;
      const row = await ownStack(pool, input);
      const before = openPlan(greenroom.sealer, row);
      const plan = openPlan(greenroom.sealer, await getRunRow(pool, run));
      const build = await buildOf(greenroom, row, plan, context);
      const { host } = build;
      const images = await context.step('images', async () => {
        const found = await resolveImages(build);
        await refuseMovedData(host, before, plan);
        return found;
      });
      const status = await context.step('migrations', async () => {
        const found = await statusFor(build, before, images, run, timeoutMs);
        await report(run, { from: row.release.version, images, ...(found ? { status: found } : {}) });
        if (!hold && !input.evenIfRehearsalFailed) await refuseFailedRehearsal(pool, row.project, plan, images, found);
        return found;
      });
      const pending = status?.pending ?? [];
      if (hold && pending.length > 0) {
        await query(pool, 'hold-candidate', [stack, run, was]);
        context.log(`waits to be told: ${pending.length} migrations are pending`);
        return { stack, run, held: true, pending };
      }
      if (pending.length > 0) {
        const id = backupOf(run);
        await context.step('stop', async () => {
          context.progress('stopping the application');
          await stopServices(host, stack, before, 'all but the database');
        });
        await context.step('backup', async () => {
          context.progress('taking a backup');
          const { freezeMs } = await takeStackBackup(greenroom, { id, row, plan: before, signal: context.signal });
          context.log(`backup ${id} taken`);
          await report(run, { backup: { id, freezeMs } });
        });
        await context.step('verify', async () => {
          const { verifyMs } = await verifyBackup(greenroom, id, context);
          await report(run, { verification: { verifyMs } });
        });
        await context.step('migrate', async () => {
          // As it is to be: a release may bring other logins, which its migrator uses.
          await startDatabase(build, images);
          context.progress(`running ${pending.length} migrations`);
          const wish = { host, stack, plan, images, run, timeoutMs, signal: context.signal };
          const migrated = await migrateStack(greenroom, wish, pending);
          context.log(`migrations applied: ${migrated.applied.join(', ')}`);
          await report(run, { migrator: migrated });
        });
      }
      await context.step('services', () => switchServices(build, images));
      await context.step('smoke', async () => {
        context.progress('asking the application');
        await report(run, { smoke: (await smokeTest(host, stack, plan, context.signal)) ?? [] });
      });
      const { release, sealed_plan: sealed } = await getRunRow(pool, run);
      await query(pool, 'adopt-candidate', [stack, run, { ...release, images }, sealed, pending.length > 0]);
      await tidy(greenroom, stack, context.log);
      return { stack, run, version: release.version, applied: pending };
    },

    async undo({ run, was, ...ref }, context, error) {
      const row = await findStack(pool, ref);
      let restored = false;
      const reasons = [error.detail];
      if (row?.candidate === run && row.state === 'deploying') {
        const broken = await takeBack(greenroom, row, run, context).catch(whatBroke);
        await query(pool, 'drop-candidate', [ref.stack, run, broken ? 'degraded' : was, broken ?? null]);
        if (broken) reasons.push(`what it had begun could not be taken back: ${broken.detail}`);
        else if (context.begun.has('migrate')) reasons.push('the data was put back from the backup');
        restored = !broken && hasChanged(context.begun);
      }
      await query(pool, 'fail-apply', [run, { passed: false, reasons, restored }, error]);
      await dropUnproved(greenroom, run);
      await tidy(greenroom, ref.stack, context.log);
    },
  };
}

/** What is pending on the stack's database, read without writing to it; undefined where there is nothing to migrate. */
async function statusFor(
  { greenroom, host, name, row, plan, context }: Build,
  before: Build['plan'],
  images: Record<string, string>,
  run: string,
  timeoutMs: number,
): Promise<MigrationStatus | undefined> {
  if (!plan.greenroom.migrations || row.snapshot === null) return undefined;
  const snapshot = await getSnapshotRow(greenroom.pool, row.snapshot);
  const asked = { host, plan, snapshot, images, timeoutMs, name: listCloneOf(run), signal: context.signal };
  return statusOnStack(host, name, before, await knownMigrations(greenroom, asked));
}

function hasChanged(begun: ReadonlySet<string>): boolean {
  return begun.has('stop') || begun.has('services');
}

/** Puts everything back as it was. @throws what could not be */
async function takeBack(
  greenroom: Greenroom,
  row: StackRow,
  run: string,
  { begun, progress, log }: Pick<UndoContext, 'begun' | 'progress' | 'log'>,
): Promise<undefined> {
  if (!hasChanged(begun)) return;
  const { signal } = new AbortController();
  const plan = openPlan(greenroom.sealer, row);
  const build = await buildOf(greenroom, row, plan, { signal, progress, log });
  await endMigration(greenroom, build.host, row.name, plan);
  if (begun.has('migrate')) {
    progress('putting the data back from the backup');
    const { id, volume } = await getBackupRow(greenroom.pool, backupOf(run));
    await moveData(build.host, row.name, plan, volume, signal);
    log(`data put back from ${id}`);
  }
  progress('starting the services as they were');
  await switchServices(build, row.release.images);
}

/** A backup that was never proved is of no use to anybody. */
async function dropUnproved(greenroom: Greenroom, run: string): Promise<void> {
  const row = await queryOne<{ id: string; volume: string; host: string; verified_at: Date | null }>(
    greenroom.pool,
    'get-backup',
    [backupOf(run)],
  );
  if (row && row.verified_at === null) await dropBackup(greenroom.pool, hostOf(greenroom, row.host), row);
}

/** Old backups go when there is a new one. What cannot be removed now is the sweep's affair, and no failure of this. */
async function tidy(greenroom: Greenroom, stack: string, log: (line: string) => void): Promise<void> {
  try {
    for (const id of await dropOldBackups(greenroom, stack)) log(`removed the old backup ${id}`);
  } catch (error) {
    log(`an old backup could not be removed: ${messageOf(error)}`);
  }
}
