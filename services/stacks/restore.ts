import { getBackupRow } from '../backups/backup.ts';
import { query, queryOne } from '../database/queries.ts';
import { type Host, ifPresent } from '../engine/host.ts';
import { ensureImage } from '../engine/images.ts';
import { cloneVolume, removeVolume } from '../engine/volumes.ts';
import { Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import { comesBack } from '../operations/pause.ts';
import { smokeTest } from '../readiness/smoke.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import { type Build, dataVolumeOf } from './build.ts';
import { takeDownFailed } from './create.ts';
import { stackLabels, volumeNameOf } from './names.ts';
import { getStackRow, openPlan, type StackRow } from './stack.ts';
import { stopServices } from './stop.ts';
import { moveData, switchServices } from './switch.ts';

export interface RestoreInput {
  stack: string;
  backup: string;
  /** What the backup was before it was claimed for this. */
  was: 'taken' | 'verified';
}

/** The data that a restore replaces, until the restore has succeeded. */
const aside = 'greenroom-aside';

/**
 * Puts a stack back to a backup: its data, and the release that it ran then. What it held until now is set aside first;
 * when anything fails, the stack is put back to that.
 */
export function restoreStack(greenroom: Greenroom): OperationKind<RestoreInput> {
  const { pool } = greenroom;
  return {
    async run({ stack, backup: id, was }, context) {
      const row = await getStackRow(pool, stack);
      const backup = await getBackupRow(pool, id);
      const host = hostOf(greenroom, row.host);
      const now = openPlan(greenroom.sealer, row);
      const plan = openPlan(greenroom.sealer, backup);
      const snapshot = backup.snapshot === null ? undefined : await getSnapshotRow(pool, backup.snapshot);
      const build: Build = { greenroom, host, name: stack, row, plan, snapshot, context };
      const images = await context.step('images', () => imagesOf(host, plan, backup.release.images, context.log));
      await context.step('stop', async () => {
        context.progress('stopping the services');
        await stopServices(host, stack, now, 'all');
      });
      await context.step('set aside', () => setAside(host, stack, now, context.signal));
      const cloneMode = await context.step('data', async () => {
        context.progress(`putting the data of ${id} in place`);
        return moveData(host, stack, plan, backup.volume, context.signal);
      });
      await context.step('services', () => switchServices(build, images));
      await context.step('smoke', async () => {
        context.progress('asking the application');
        return (await smokeTest(host, stack, plan, context.signal)) ?? [];
      });
      const release = { ...backup.release, images };
      await context.step('record', () =>
        query(pool, 'finish-restore', [stack, release, backup.sealed_plan, cloneMode]),
      );
      await context.step('clean', () => letGo(greenroom, host, { stack, backup: id, was }));
      return { stack, backup: id, version: release.version };
    },

    async undo(input, { begun, progress, log }, error) {
      const { stack } = input;
      const row = await queryOne<StackRow>(pool, 'get-stack', [stack]);
      if (!row) return;
      const host = hostOf(greenroom, row.host);
      if (row.state === 'restoring') {
        const broken = await takeBack(greenroom, host, row, { begun, progress, log }).catch((problem) => {
          if (problem instanceof Problem && !comesBack(problem)) return problem.toDocument();
          throw problem;
        });
        if (broken === 'taken down') await takeDownFailed(greenroom, stack, error);
        else await query(pool, 'undo-restore', [stack, broken ? 'degraded' : 'ready', broken ?? null]);
      }
      await letGo(greenroom, host, input);
    },
  };
}

/** The very images that ran when the backup was taken; one that the host has no more is had by its name. */
async function imagesOf(
  host: Host,
  plan: Build['plan'],
  ids: Record<string, string>,
  log: (line: string) => void,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, image } of plan.services) {
    const present = ids[name] ? await ifPresent(host.docker.getImage(ids[name]).inspect()) : undefined;
    found[name] = (present ?? (await ensureImage(host, image, log))).Id;
  }
  return found;
}

/** The database is shut down, so its volume is whole as it lies. */
async function setAside(host: Host, stack: string, plan: Build['plan'], signal: AbortSignal): Promise<void> {
  const source = volumeNameOf(host.installation, stack, (await dataVolumeOf(host, plan)) ?? '');
  if (!(await ifPresent(host.docker.getVolume(source).inspect()))) return;
  const labels = stackLabels(host.installation, stack);
  await cloneVolume(host, source, volumeNameOf(host.installation, stack, aside), labels, { signal });
}

async function takeBack(
  greenroom: Greenroom,
  host: Host,
  row: StackRow,
  context: { begun: ReadonlySet<string> } & Pick<Build['context'], 'progress' | 'log'>,
): Promise<undefined | 'taken down'> {
  const { begun, progress } = context;
  if (!begun.has('stop')) return undefined;
  const { signal } = new AbortController();
  const plan = openPlan(greenroom.sealer, row);
  const kept = volumeNameOf(host.installation, row.name, aside);
  if (begun.has('data')) {
    // A stack that had failed had no data to set aside.
    if (!(await ifPresent(host.docker.getVolume(kept).inspect()))) return 'taken down';
    progress('putting the data back as it was');
    await moveData(host, row.name, plan, kept, signal);
  }
  progress('starting the services as they were');
  const snapshot = row.snapshot === null ? undefined : await getSnapshotRow(greenroom.pool, row.snapshot);
  const build: Build = {
    ...{ greenroom, host, name: row.name, row, plan, snapshot },
    context: { signal, progress, log: context.log },
  };
  await switchServices(build, row.release.images);
  return undefined;
}

async function letGo(greenroom: Greenroom, host: Host, { stack, backup, was }: RestoreInput): Promise<void> {
  await removeVolume(host, volumeNameOf(host.installation, stack, aside));
  await queryOne(greenroom.pool, 'change-backup-state', [backup, was, ['restoring']]);
}
