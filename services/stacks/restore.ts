import { getBackupRow } from '../backups/backup.ts';
import { withDataOf } from '../backups/recover.ts';
import { query, queryOne } from '../database/queries.ts';
import { type Host, ifPresent } from '../engine/host.ts';
import { ensureImage } from '../engine/images.ts';
import { cloneVolume, removeVolume } from '../engine/volumes.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind, UndoContext } from '../operations/kind.ts';
import { smokeTest } from '../readiness/smoke.ts';
import { type Build, buildOf, dataVolumeOf } from './build.ts';
import { takeDownFailed } from './create.ts';
import { stackLabels, volumeNameOf } from './names.ts';
import { findStack, openPlan, ownStack, type StackRef, type StackRow } from './stack.ts';
import { stopServices } from './stop.ts';
import { moveData, switchServices, whatBroke } from './switch.ts';

export interface RestoreInput extends StackRef {
  /** What the stack was when it was asked for, and is again when it fails. */
  was: 'ready' | 'degraded' | 'failed';
  backup: string;
  /** What the backup was before it was claimed for this. */
  backupWas: 'taken' | 'verified';
}

/** The data that a restore replaces, until the restore has succeeded. No volume of a Compose file is called so. */
const aside = 'greenroom-aside';

/**
 * Puts a stack back to a backup: its data, and the release that it ran then. What it held until now is set aside first;
 * when anything fails, the stack is put back to that.
 */
export function restoreStack(greenroom: Greenroom): OperationKind<RestoreInput> {
  const { pool } = greenroom;
  return {
    async run(input, context) {
      const { stack, backup: id } = input;
      const row = await ownStack(pool, input);
      const backup = await getBackupRow(pool, id);
      const host = hostOf(greenroom, row.host);
      const now = openPlan(greenroom.sealer, row);
      const plan = openPlan(greenroom.sealer, backup);
      const build: Build = { greenroom, host, name: stack, row, plan, facts: backup.facts, context };
      const images = await context.step('images', () => imagesOf(host, plan, backup.release.images, context.log));
      await context.step('stop', async () => {
        context.progress('stopping the services');
        await stopServices(host, stack, now, 'all');
      });
      await context.step('set aside', () => setAside(host, stack, now, context.signal));
      const cloneMode = await context.step('data', async () => {
        context.progress(`putting the data of ${id} in place`);
        return withDataOf(greenroom, backup, context.signal, (volume) =>
          moveData(host, stack, plan, volume, context.signal),
        );
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
      // No step, for it is too late to be cancelled.
      await letGo(greenroom, host, input);
      return { stack, backup: id, version: release.version };
    },

    async undo(input, context, error) {
      const row = await findStack(pool, input);
      if (row?.state === 'restoring') {
        // A stack that had failed had nothing to go back to.
        if (input.was === 'failed') await takeDownFailed(greenroom, row, error);
        else {
          const broken = await takeBack(greenroom, row, context).catch((error) =>
            whatBroke(hostOf(greenroom, row.host), error),
          );
          await query(pool, 'undo-restore', [row.name, broken ? 'degraded' : input.was, broken ?? null]);
        }
      }
      await letGo(greenroom, row && hostOf(greenroom, row.host), input);
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

/** The database is shut down, so its volume is whole as it lies. A stack that had failed has none. */
async function setAside(host: Host, stack: string, plan: Build['plan'], signal: AbortSignal): Promise<void> {
  const source = volumeNameOf(host.installation, stack, (await dataVolumeOf(host, plan))!);
  if (!(await ifPresent(host.docker.getVolume(source).inspect()))) return;
  const labels = stackLabels(host.installation, stack);
  await cloneVolume(host, source, volumeNameOf(host.installation, stack, aside), labels, { signal });
}

/** Puts data and services back as they were. @throws what could not be */
async function takeBack(
  greenroom: Greenroom,
  row: StackRow,
  { begun, progress, log }: Pick<UndoContext, 'begun' | 'progress' | 'log'>,
): Promise<undefined> {
  if (!begun.has('stop')) return;
  const { signal } = new AbortController();
  const host = hostOf(greenroom, row.host);
  const plan = openPlan(greenroom.sealer, row);
  if (begun.has('data')) {
    progress('putting the data back as it was');
    await moveData(host, row.name, plan, volumeNameOf(host.installation, row.name, aside), signal);
  }
  progress('starting the services as they were');
  await switchServices(await buildOf(greenroom, row, plan, { signal, progress, log }), row.release.images);
}

/** The stack may be gone; its volumes went with it. */
async function letGo(greenroom: Greenroom, host: Host | undefined, input: RestoreInput): Promise<void> {
  const { stack, backup, backupWas } = input;
  if (host) await removeVolume(host, volumeNameOf(host.installation, stack, aside));
  await queryOne(greenroom.pool, 'change-backup-state', [backup, backupWas, ['restoring']]);
}
