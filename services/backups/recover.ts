import type pg from 'pg';
import { onClone, onOpenNetwork } from '../clones/clone.ts';
import { ensureImage } from '../engine/images.ts';
import { label, labelsOf } from '../engine/labels.ts';
import { removeVolume } from '../engine/volumes.ts';
import { Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { isHandedOver } from '../operations/handover.ts';
import { finishTarget } from '../snapshots/capture/target.ts';
import { databaseService } from '../stacks/database-service.ts';
import { containerNameOf, stackLabels, volumeNameOf } from '../stacks/names.ts';
import { openPlan } from '../stacks/stack.ts';
import { type BackupRow, checkCloneOf } from './backup.ts';
import { damageIn, dumpVolumeOf, readFiles } from './dump/manifest.ts';
import { type Restored, restoreDump } from './dump/restore-dump.ts';

/** A backup's data, served again. */
export interface Recovered {
  connect(): Promise<pg.Client>;
  /** From nothing to a server that answers on the data. */
  recoverMs: number;
}

/**
 * Recovers one form of a backup beside everything else, and runs `work` on it: the clone's files on a clone of their own,
 * the dump in a new cluster, once every byte of it is known to be what was written. Nothing of it is left.
 *
 * @throws Problem `backup-damaged` when the backup is why it cannot be.
 */
export async function onRecovered<T>(
  greenroom: Greenroom,
  row: BackupRow,
  form: BackupRow['forms'][number],
  signal: AbortSignal,
  work: (recovered: Recovered) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const took = () => Math.round(performance.now() - startedAt);
  const host = hostOf(greenroom, row.host);
  const plan = openPlan(greenroom.sealer, row);
  const { images } = row.release;
  const spec = { name: checkCloneOf(row.id), host, plan, of: row, images, signal };
  if (form === 'clone') {
    return onClone(greenroom, spec, (clone) => work({ connect: clone.connect, recoverMs: took() })).catch((error) => {
      signal.throwIfAborted();
      // Postgres would not start on it.
      const unfit = error instanceof Problem && error.code === 'snapshot-incompatible';
      throw unfit ? new Problem('backup-damaged', error.message, { where: row.volume }) : error;
    });
  }
  const volumeLabels = stackLabels(host.installation, spec.name);
  const volume = volumeNameOf(host.installation, spec.name, 'restored');
  return onRestoredDump(greenroom, row, { volume, volumeLabels }, signal, ({ connect }) =>
    work({ connect, recoverMs: took() }),
  );
}

/**
 * Runs `work` with a volume that a stack's data can be cloned from: the backup's own, or where it has but a dump one that
 * is made from that and gone afterwards.
 *
 * @throws Problem `backup-damaged`
 */
export async function withDataOf<T>(
  greenroom: Greenroom,
  row: BackupRow,
  signal: AbortSignal,
  work: (volume: string) => Promise<T>,
): Promise<T> {
  if (row.forms.includes('clone')) return work(row.volume);
  const host = hostOf(greenroom, row.host);
  const volumeLabels = labelsOf(host.installation, 'backup', { [label.backup]: row.id });
  try {
    await onRestoredDump(greenroom, row, { volume: row.volume, volumeLabels }, signal, async ({ target, connect }) => {
      const client = await connect();
      await client.query('ANALYZE').finally(() => client.end());
      await finishTarget(target);
    });
    return await work(row.volume);
  } finally {
    if (!isHandedOver(signal)) await removeVolume(host, row.volume);
  }
}

async function onRestoredDump<T>(
  greenroom: Greenroom,
  row: BackupRow,
  made: { volume: string; volumeLabels: Record<string, string> },
  signal: AbortSignal,
  work: (restored: Restored) => Promise<T>,
): Promise<T> {
  const host = hostOf(greenroom, row.host);
  const plan = openPlan(greenroom.sealer, row);
  const dump = dumpVolumeOf(host.installation, row.id);
  const { files, roles } = row.dump!;
  const damage = damageIn(files, await readFiles(host, dump, signal));
  if (damage.length > 0) {
    const { where, what } = damage[0]!;
    throw new Problem('backup-damaged', `The dump of ${row.id} is damaged: ${where}: ${what}`, {
      where,
      errors: damage,
    });
  }
  const name = checkCloneOf(row.id);
  const { Id: imageId } = await ensureImage(host, row.release.images[databaseService(plan)!.name]!);
  return onOpenNetwork(greenroom, { host, name, signal }, async (network) => {
    const container = containerNameOf(host.installation, name, 'restored');
    const containerLabels = stackLabels(host.installation, name);
    return work(
      await restoreDump({
        ...made,
        host,
        plan,
        imageId,
        facts: row.facts,
        dump,
        roles,
        network,
        container,
        containerLabels,
        signal,
      }),
    );
  });
}
