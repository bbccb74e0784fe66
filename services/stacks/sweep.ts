import { type BackupRow, checkCloneOf, dropBackup } from '../backups/backup.ts';
import { requestDueDrills } from '../backups/drill.ts';
import { query } from '../database/queries.ts';
import { removeContainer } from '../engine/containers.ts';
import type { Host } from '../engine/host.ts';
import { label, labelFilter, labelsOf } from '../engine/labels.ts';
import { removeVolume } from '../engine/volumes.ts';
import { Problem } from '../errors.ts';
import { recordEvent } from '../events/events.ts';
import type { Greenroom, RunningGreenroom } from '../greenroom.ts';
import { backupOf, clonesOf, listCloneOf } from '../migrations/runs.ts';
import type { Queue } from '../operations/queue.ts';
import { removeStaleClusters } from '../snapshots/capture/empty-cluster.ts';
import { removeStackResources, stacksOnEngine } from './remove.ts';
import { requestDelete } from './requests.ts';

const everyMs = 10_000;

/**
 * Compares, again and again, what the tables want with what the engine has: deletes ephemeral stacks past their
 * deadline, and removes what this installation made and no record explains. Any number of processes may sweep.
 */
export function startSweeping(greenroom: Greenroom, queue: Queue): { stop(): Promise<void> } {
  let sweeping: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    sweeping = sweeping
      .then(() => sweepOnce({ ...greenroom, queue }))
      .catch((error) => greenroom.log.error({ err: error }, 'sweep'));
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await sweeping;
    },
  };
}

type Sweeper = Greenroom & { queue: Queue };

/** One pass; the tests call it too. */
export async function sweepOnce(greenroom: Sweeper): Promise<void> {
  for (const { name } of await query<{ name: string }>(greenroom.pool, 'expired-stacks')) {
    try {
      await requestDelete(greenroom as RunningGreenroom, name, { name: 'greenroom (deadline)' });
    } catch (error) {
      // Another process was quicker, or someone deletes it right now.
      if (!(error instanceof Problem)) throw error;
    }
  }
  await requestDueDrills(greenroom as RunningGreenroom);
  for (const host of greenroom.hosts.values()) {
    await removeUnexplainedStacks(greenroom, host);
    await removeUnexplainedSnapshots(greenroom, host);
    await removeUnexplainedBackups(greenroom, host);
    await removeStaleClusters(host);
  }
}

async function removeUnexplainedStacks(greenroom: Sweeper, host: Host): Promise<void> {
  // The engine is asked first: a stack created in between has its record before anything on the engine.
  const present = await stacksOnEngine(host);
  const stacks = await query<{ name: string; state: string; candidate: string | null }>(greenroom.pool, 'list-stacks', [
    null,
  ]);
  const building = stacks.filter(({ state }) => state === 'creating' || state === 'resetting');
  const known = new Set([...stacks.map(({ name }) => name), ...building.map(({ name }) => listCloneOf(name))]);
  const runs = await query<{ id: string }>(greenroom.pool, 'running-migration-runs');
  for (const clone of runs.flatMap(({ id }) => clonesOf(id))) known.add(clone);
  const backups = await query<Pick<BackupRow, 'id' | 'state'>>(greenroom.pool, 'backup-states');
  const deploying = new Set(
    stacks.flatMap(({ state, candidate }) => (state === 'deploying' && candidate ? backupOf(candidate) : [])),
  );
  for (const { id, state } of backups)
    if (state === 'verifying' || state === 'restoring' || deploying.has(id)) known.add(checkCloneOf(id));
  for (const stack of present) {
    if (known.has(stack)) continue;
    await removeStackResources(host, stack, { networks: true });
    await query(greenroom.pool, 'delete-subnets', [host.id, `stack:${stack}`]);
    await recordEvent(greenroom.pool, { actor: 'greenroom', action: 'stack.remove-unexplained', subject: stack });
  }
}

/** Between a container's creation and its start. */
const longestBeginningMs = 60_000;

async function removeUnexplainedSnapshots(greenroom: Sweeper, host: Host): Promise<void> {
  const captures = await host.docker.listContainers({
    all: true,
    filters: labelFilter(labelsOf(host.installation, 'capture')),
  });
  const dumps = await host.docker.listContainers({
    all: true,
    filters: labelFilter(labelsOf(host.installation, 'dump')),
  });
  const filters = labelFilter(labelsOf(host.installation, 'snapshot')) as never;
  const { Volumes: volumes } = await host.docker.listVolumes({ filters });
  const rows = await query<{ id: string; state: string }>(greenroom.pool, 'list-snapshots', [null]);
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  // One that is being sent has no record yet, and ends by itself when its sender does; one that never began cannot.
  const unexplained = dumps.filter(
    ({ Labels, State, Created }) =>
      states.has(Labels[label.snapshot] ?? '') ||
      (State === 'created' && Created * 1000 < Date.now() - longestBeginningMs),
  );
  for (const { Id, Labels } of [...captures, ...unexplained]) {
    const id = Labels[label.snapshot] ?? '';
    if (states.get(id) === 'capturing') continue;
    await removeContainer(host.docker.getContainer(Id));
    await recordEvent(greenroom.pool, { actor: 'greenroom', action: 'snapshot.remove-unexplained', subject: id });
  }
  for (const { Name, Labels } of volumes ?? []) {
    const id = Labels?.[label.snapshot] ?? '';
    if (states.has(id)) continue;
    await removeVolume(host, Name);
    await recordEvent(greenroom.pool, { actor: 'greenroom', action: 'snapshot.remove-unexplained', subject: id });
  }
}

/** An archive that is handed out or taken in for longer than this is nobody's any more. */
const longestTransferMs = 12 * 3_600_000;

async function removeUnexplainedBackups(greenroom: Sweeper, host: Host): Promise<void> {
  const { pool, log } = greenroom;
  const filters = labelFilter(labelsOf(host.installation, 'backup'));
  const { Volumes: volumes } = await host.docker.listVolumes({ filters: filters as never });
  const containers = await host.docker.listContainers({ all: true, filters });
  const known = new Set((await query<{ id: string }>(pool, 'backup-states')).map(({ id }) => id));
  for (const row of await query<BackupRow>(pool, 'stray-backups', [host.id])) {
    try {
      if (['taking', 'importing', 'deleting'].includes(row.state)) await dropBackup(greenroom, host, row);
      else await query(pool, 'put-backup-back', [row.id, row.verified_at ? 'verified' : 'taken', null, row.state]);
      await recordEvent(pool, { actor: 'greenroom', action: 'backup.settle', subject: row.id });
    } catch (error) {
      // What keeps one from being removed is no reason to leave the others.
      log.warn({ err: error, backup: row.id }, 'a backup cannot be settled now');
    }
  }
  for (const { Id, Labels, Created } of containers) {
    const id = Labels[label.backup] ?? '';
    if (known.has(id) && Created * 1000 > Date.now() - longestTransferMs) continue;
    await removeContainer(host.docker.getContainer(Id));
    await recordEvent(pool, { actor: 'greenroom', action: 'backup.remove-unexplained', subject: id });
  }
  for (const { Name, Labels } of volumes ?? []) {
    const id = Labels?.[label.backup] ?? '';
    if (known.has(id)) continue;
    await removeVolume(host, Name);
    await recordEvent(pool, { actor: 'greenroom', action: 'backup.remove-unexplained', subject: id });
  }
}
