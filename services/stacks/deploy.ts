import { dropBackup, dropOldBackups, getBackupRow } from '../backups/backup.ts';
import { takeStackBackup } from '../backups/take-stack.ts';
import { verifyBackup } from '../backups/verify.ts';
import { query, queryOne } from '../database/queries.ts';
import { messageOf, Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { connectStack, endMigration, migrateStack } from '../migrations/migrate-stack.ts';
import { appliedMigrations } from '../migrations/migrator.ts';
import type { ApplyReport } from '../migrations/report.ts';
import { backupOf, getRunRow, listCloneOf } from '../migrations/runs.ts';
import { knownMigrations, type MigrationStatus, statusOf } from '../migrations/status.ts';
import type { OperationKind } from '../operations/kind.ts';
import { comesBack } from '../operations/pause.ts';
import { smokeTest } from '../readiness/smoke.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import { type Build, resolveImages } from './build.ts';
import { getStackRow, openPlan, type StackRow } from './stack.ts';
import { stopServices } from './stop.ts';
import { moveData, switchServices } from './switch.ts';

export interface DeployInput {
  stack: string;
  run: string;
  /** Wait to be told when there are migrations to run. */
  hold: boolean;
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
    async run({ stack, run, hold, timeoutMs }, context) {
      const { before, build } = await openDeployment(greenroom, stack, run, context);
      const { host, plan, snapshot, row } = build;
      const images = await context.step('images', () => resolveImages(build));
      const status = await context.step('migrations', async () => {
        const found = await statusFor(greenroom, build, before, images, run, timeoutMs);
        await report(run, { from: row.release.version, images, ...(found ? { status: found } : {}) });
        return found;
      });
      const pending = status?.pending ?? [];
      if (hold && pending.length > 0) {
        await query(pool, 'set-run-state', [run, 'held']);
        await query(pool, 'hold-candidate', [stack, run]);
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
          context.progress(`running ${pending.length} migrations`);
          const wish = { host, stack, plan, images, timeoutMs, signal: context.signal };
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
      const { version, commit } = (await getRunRow(pool, run)).release;
      const release = { version, ...(commit ? { commit } : {}), images };
      const { sealed_plan: sealed } = await getRunRow(pool, run);
      await query(pool, 'finish-migration-run', [run, 'passed', { passed: true, reasons: [] }, null]);
      await query(pool, 'adopt-candidate', [stack, run, release, sealed, pending.length > 0]);
      for (const id of await dropOldBackups(greenroom, stack)) context.log(`removed the old backup ${id}`);
      return { stack, run, version, applied: pending, ...(snapshot ? {} : { data: 'none' }) };
    },

    async undo({ stack, run }, context, error) {
      const row = await queryOne<StackRow>(pool, 'get-stack', [stack]);
      if (row?.candidate === run && row.state === 'deploying') {
        const broken = await takeBack(greenroom, row, run, context).catch((problem) => {
          if (problem instanceof Problem && !comesBack(problem)) return problem.toDocument();
          throw problem;
        });
        await query(pool, 'drop-candidate', [stack, run, broken ? 'degraded' : 'ready', broken ?? null]);
      }
      const { begun } = context;
      const reasons = [error.detail, ...(begun.has('migrate') ? ['the data was put back from the backup'] : [])];
      const restored = begun.has('stop') || begun.has('services');
      await query(pool, 'finish-migration-run', [run, 'failed', { passed: false, reasons, restored }, error]);
      await dropOldBackups(greenroom, stack);
    },
  };
}

/** The stack as it is (`before`: what it runs) and as it is to be. */
async function openDeployment(greenroom: Greenroom, stack: string, run: string, context: Build['context']) {
  const row = await getStackRow(greenroom.pool, stack);
  const before = openPlan(greenroom.sealer, row);
  const plan = openPlan(greenroom.sealer, await getRunRow(greenroom.pool, run));
  const snapshot = row.snapshot === null ? undefined : await getSnapshotRow(greenroom.pool, row.snapshot);
  const build: Build = { greenroom, host: hostOf(greenroom, row.host), name: stack, row, plan, snapshot, context };
  return { before, build };
}

/** What is pending on the stack's database, read without writing to it; undefined where there is nothing to migrate. */
async function statusFor(
  greenroom: Greenroom,
  { host, name, plan, snapshot, context }: Build,
  before: Build['plan'],
  images: Record<string, string>,
  run: string,
  timeoutMs: number,
): Promise<MigrationStatus | undefined> {
  if (!plan.greenroom.migrations || !snapshot) return undefined;
  const known = await knownMigrations(greenroom, {
    ...{ host, plan, snapshot, images, timeoutMs },
    name: listCloneOf(run),
    signal: context.signal,
  });
  const client = await connectStack(host, name, before);
  const applied = await appliedMigrations(client, plan.greenroom.database!.schema).finally(() => client.end());
  const status = statusOf(known, applied);
  if (status.unknown.length > 0) {
    throw new Problem(
      'conflict',
      `The database of stack ${name} has migrations that this release does not know: ${status.unknown.join(', ')}`,
      {
        where: name,
        remedy: 'Its migrator would refuse to run. Restore a backup of before them, or deploy a release that has them.',
      },
    );
  }
  return status;
}

/** Puts everything back as it was. A Problem says what could not be. */
async function takeBack(
  greenroom: Greenroom,
  row: StackRow,
  run: string,
  { begun, progress, log }: { begun: ReadonlySet<string> } & Pick<Build['context'], 'progress' | 'log'>,
): Promise<undefined> {
  const host = hostOf(greenroom, row.host);
  const { signal } = new AbortController();
  const id = backupOf(run);
  if (begun.has('stop') || begun.has('services')) {
    const plan = openPlan(greenroom.sealer, row);
    await endMigration(greenroom, host, row.name, plan);
    if (begun.has('migrate')) {
      progress('putting the data back from the backup');
      const backup = await getBackupRow(greenroom.pool, id);
      await moveData(host, row.name, plan, backup.volume, signal);
      log(`data put back from ${id}`);
    }
    progress('starting the services as they were');
    const snapshot = row.snapshot === null ? undefined : await getSnapshotRow(greenroom.pool, row.snapshot);
    const context = { signal, progress, log };
    const build: Build = { greenroom, host, name: row.name, row, plan, snapshot, context };
    await switchServices(build, row.release.images);
  }
  const backup = await queryOne<{ id: string; volume: string; state: string }>(greenroom.pool, 'get-backup', [id]);
  // One that was never proved is of no use to anybody.
  if (backup && backup.state !== 'verified') {
    await dropBackup(greenroom.pool, host, backup).catch((error) => log(`backup ${id} stays: ${messageOf(error)}`));
  }
  return undefined;
}
