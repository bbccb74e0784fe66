import { createHash } from 'node:crypto';
import { getBackupRow } from '../backups/backup.ts';
import { differencesBetween, readAs, readContent } from '../backups/content.ts';
import { withDataOf } from '../backups/recover.ts';
import { factsOf } from '../backups/take-stack.ts';
import { damaged } from '../backups/verify.ts';
import { query, queryOne } from '../database/queries.ts';
import { ifPresent } from '../engine/host.ts';
import { label, labelsOf, nameOf } from '../engine/labels.ts';
import { cloneVolume } from '../engine/volumes.ts';
import { messageOf } from '../errors.ts';
import type { Greenroom } from '../greenroom.ts';
import { endMigration } from '../migrations/migrate-stack.ts';
import { backupOf, getRunRow } from '../migrations/runs.ts';
import type { UndoContext } from '../operations/kind.ts';
import { deploymentPolicyOf } from '../projects/deployment-policy.ts';
import { type Build, buildOf, dataVolumeOf, startDatabase } from './build.ts';
import { connectStack } from './connect.ts';
import { databaseService } from './database-service.ts';
import { containerNameOf, volumeNameOf } from './names.ts';
import { openPlan, type StackRow } from './stack.ts';
import { stopAllBut } from './stop.ts';
import { moveData, switchServices } from './switch.ts';

/** What was taken back; undefined where nothing had been changed. */
export interface TakenBack {
  /** The data was put back, and read again: it is what the backup recorded. */
  data?: { backup: string; equal: true; failedState?: string };
}

/** Whether a deployment has changed anything of its stack. */
export function hasChanged(begun: ReadonlySet<string>): boolean {
  return begun.has('stop') || begun.has('services');
}

/**
 * Puts a stack back to what it was before a deployment began to change it: the data from the backup, proved equal in
 * content before anything can write to it, then the services.
 * @throws what could not be
 */
export async function takeBack(
  greenroom: Greenroom,
  row: StackRow,
  run: string,
  { begun, progress, log }: Pick<UndoContext, 'begun' | 'progress' | 'log'>,
): Promise<TakenBack | undefined> {
  if (!hasChanged(begun)) return undefined;
  const { signal } = new AbortController();
  const plan = openPlan(greenroom.sealer, row);
  const build = await buildOf(greenroom, row, plan, { signal, progress, log });
  await endMigration(greenroom, build.host, row.name, plan);
  const data = begun.has('database') || begun.has('migrate') ? await putDataBack(build, run, begun) : undefined;
  progress('starting the services as they were');
  await switchServices(build, row.release.images);
  return data ? { data } : {};
}

async function putDataBack(build: Build, run: string, begun: ReadonlySet<string>): Promise<TakenBack['data']> {
  const { greenroom, host, name, row, plan, context } = build;
  const { progress, log, signal } = context;
  // The release that failed may still run, and would write to what is compared and put back.
  await stopAllBut(host, name, databaseService(plan)!.name);
  const { keepFailedState } = await deploymentPolicyOf(greenroom.pool, row.project);
  const failedState = keepFailedState
    ? await keepFailed(build, run, begun).catch((error) =>
        log(`the failed state could not be kept: ${messageOf(error)}`),
      )
    : undefined;
  progress('putting the data back from the backup');
  const backup = await getBackupRow(greenroom.pool, backupOf(run));
  await withDataOf(greenroom, backup, signal, (volume) => moveData(host, name, plan, volume, signal));
  await startDatabase(build, row.release.images);
  progress('comparing the data with what it was');
  const client = await connectStack(host, name, plan);
  const form = backup.forms.includes('clone') ? 'clone' : 'dump';
  const differences = await readContent(client, readAs(backup.content!))
    .then((content) => differencesBetween(backup.content!, content, form))
    .finally(() => client.end());
  if (differences.length > 0) throw damaged(backup, form, differences);
  log(`data put back from ${backup.id}, equal in content`);
  return { backup: backup.id, equal: true, ...(failedState ? { failedState } : {}) };
}

/** The backup that holds what a run that failed had left. */
function failedStateOf(run: string): string {
  return `bak-${createHash('sha256').update(`${run} failed`).digest('hex').slice(0, 12)}`;
}

/**
 * Keeps the data as the failed deployment left it, with the release whose services last ran on it. The server is stopped
 * first, so that the copy is whole as it lies. Safe to repeat; once its data was put back there is nothing to keep.
 * @returns the backup's id
 */
async function keepFailed(build: Build, run: string, begun: ReadonlySet<string>): Promise<string | undefined> {
  const { greenroom, host, name, row, context } = build;
  const id = failedStateOf(run);
  const kept = await queryOne<{ state: string }>(greenroom.pool, 'get-backup', [id]);
  if (kept && kept.state !== 'taking') return id;
  const candidate = await getRunRow(greenroom.pool, run);
  const of = begun.has('services') ? candidate : row;
  const plan = openPlan(greenroom.sealer, of);
  const service = databaseService(plan)!;
  const known = await ifPresent(
    host.docker.getContainer(containerNameOf(host.installation, name, service.name)).inspect(),
  );
  if (!known) return undefined;
  context.progress('keeping the failed state');
  const content = await readFailed(build, plan);
  const image = await host.docker.getImage(known.Image).inspect();
  const facts = await factsOf(greenroom, row, plan, image);
  const release = begun.has('services')
    ? { ...candidate.release, images: (candidate.report as { images: Record<string, string> }).images }
    : row.release;
  const volume = nameOf(host.installation, id);
  await query(greenroom.pool, 'insert-backup', [
    ...[id, row.project, name, row.host, volume, release, of.sealed_plan, row.snapshot, facts],
    ...['failed-state', ['clone']],
  ]);
  await ifPresent(host.docker.getContainer(known.Id).stop());
  const source = volumeNameOf(host.installation, name, (await dataVolumeOf(host, plan))!);
  const labels = labelsOf(host.installation, 'backup', { [label.backup]: id });
  const cloneMode = await cloneVolume(host, source, volume, labels, { signal: context.signal });
  await query(greenroom.pool, 'set-backup-taken', [id, content, { freezeMs: 0, cloneMode }, null]);
  context.log(`the failed state is kept as ${id}`);
  return id;
}

async function readFailed({ host, name }: Build, plan: Build['plan']) {
  const client = await connectStack(host, name, plan);
  return readContent(client).finally(() => client.end());
}
