import type { components } from '../../openapi/types.ts';
import { getBackupRow } from '../backups/backup.ts';
import { query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { Problem } from '../errors.ts';
import type { RunningGreenroom } from '../greenroom.ts';
import { insertRun, timeoutMsOf } from '../migrations/runs.ts';
import type { Operation } from '../operations/kind.ts';
import { type Asker, requestOperation } from '../operations/request.ts';
import { planOf } from '../projects/projects.ts';
import { resolveRelease } from '../releases/releases.ts';
import { snapshotForUse } from '../snapshots/snapshot.ts';
import { getStackRow, openPlan, refOf, type StackRow, sealPlan } from './stack.ts';

type Schemas = components['schemas'];

/** A stack whose state was changed, and what that was. */
type Changed = StackRow & { was: StackRow['state'] };

/** What a stack may be doing when it is to be deleted. */
const changesOfStack = [
  ...['stack.create', 'stack.reset', 'stack.deploy', 'stack.restore'],
  ...['migration.apply', 'migration.rollback', 'backup.take'],
];
const defaultTtlMinutes = 24 * 60;
const defaultHealthTimeoutSeconds = 180;

/**
 * Records a stack and asks for it to be built.
 *
 * @throws Problem `not-found`, `compose-invalid`, or `conflict` when the name is taken or there is no snapshot to use.
 */
export async function requestCreate(
  greenroom: RunningGreenroom,
  wish: Schemas['NewStack'],
  asker: Asker,
): Promise<Operation> {
  const { pool, queue, sealer } = greenroom;
  const kind = wish.kind ?? 'ephemeral';
  if (kind === 'persistent' && wish.ttlMinutes !== undefined) {
    throw new Problem('invalid-request', 'A persistent stack has no deadline', {
      where: '/ttlMinutes',
      remedy: 'Leave ttlMinutes out.',
    });
  }
  const resolved = await resolveRelease(greenroom, wish.project, wish.release);
  const plan = await planOf(greenroom, wish.project, resolved.services);
  const host = [...greenroom.hosts.values()][0]!;
  if (wish.snapshot !== undefined && !plan.greenroom.database) {
    throw new Problem(
      'conflict',
      `Project ${wish.project} names no database that snapshot ${wish.snapshot} could be put into`,
      {
        where: '/snapshot',
        remedy: 'Name the database in the x-greenroom section of its Compose file, or leave the snapshot out.',
      },
    );
  }
  const snapshot = plan.greenroom.database
    ? await snapshotForUse(pool, wish.project, host.id, wish.snapshot ?? 'latest')
    : undefined;
  const minutes = wish.ttlMinutes ?? defaultTtlMinutes;
  const release = {
    version: resolved.version,
    ...(resolved.commit ? { commit: resolved.commit } : {}),
    images: Object.fromEntries(plan.services.map(({ name, image }) => [name, image])),
  };
  return inTransaction(pool, async (client) => {
    await query(client, 'delete-failed-stack', [wish.name]);
    const row = await queryOne<StackRow>(client, 'insert-stack', [
      wish.name,
      wish.project,
      host.id,
      snapshot?.id ?? null,
      kind,
      kind === 'ephemeral' ? new Date(Date.now() + minutes * 60_000) : null,
      (wish.healthTimeoutSeconds ?? defaultHealthTimeoutSeconds) * 1000,
      release,
      sealPlan(sealer, plan),
      wish.migrate ?? (kind === 'ephemeral' ? 'auto' : 'hold'),
    ]);
    if (!row) {
      throw new Problem('conflict', `There is a stack ${wish.name} already`, {
        where: '/name',
        remedy: 'Choose another name, or delete that stack first.',
      });
    }
    return requestOperation(
      queue,
      client,
      'stack.create',
      wish.name,
      { ...refOf(row), snapshot: snapshot?.id ?? null },
      asker,
    );
  });
}

/**
 * Records a release as the stack's candidate and asks for it to be put on it.
 * @throws Problem `not-found`, `compose-invalid`, or `conflict` when the stack is not ready.
 */
export async function requestDeploy(
  greenroom: RunningGreenroom,
  name: string,
  wish: Schemas['Deployment'],
  asker: Asker,
): Promise<Operation> {
  const { pool, queue } = greenroom;
  const row = await getStackRow(pool, name);
  const { version, commit, services } = await resolveRelease(greenroom, row.project, wish.release);
  const plan = await planOf(greenroom, row.project, services);
  const hold = (wish.migrate ?? (row.kind === 'ephemeral' ? 'auto' : 'hold')) === 'hold';
  return inTransaction(pool, async (client) => {
    const release = { version, ...(commit ? { commit } : {}) };
    const run = await insertRun(client, greenroom.sealer, {
      kind: 'apply',
      ...{ project: row.project, host: row.host, stack: name, release, plan },
      ...(row.snapshot ? { snapshot: row.snapshot } : {}),
    });
    const changed = await queryOne<Changed>(client, 'set-candidate', [name, run]);
    if (!changed) throw wrongState(row, 'deployed to', 'ready or degraded');
    const { evenIfRehearsalFailed = false } = wish;
    const timeoutMs = timeoutMsOf(wish.timeoutSeconds);
    const input = { ...refOf(changed), run, was: changed.was, hold, evenIfRehearsalFailed, timeoutMs };
    return requestOperation(queue, client, 'stack.deploy', name, input, asker);
  });
}

/** Asks for the candidate that a stack holds to be applied. @throws Problem `not-found`, `conflict` when it holds none. */
export async function requestApply(
  greenroom: RunningGreenroom,
  name: string,
  wish: { timeoutSeconds?: number; evenIfRehearsalFailed?: boolean },
  asker: Asker,
): Promise<Operation> {
  const { pool, queue } = greenroom;
  const row = await getStackRow(pool, name);
  if (!row.candidate) {
    throw new Problem('conflict', `Stack ${name} holds no candidate`, {
      where: name,
      remedy: `POST /v1/stacks/${name}/deploy puts a release on it; with migrate: hold it waits to be applied.`,
    });
  }
  return inTransaction(pool, async (client) => {
    const changed = await queryOne<Changed>(client, 'start-apply', [name]);
    if (!changed) throw wrongState(row, 'migrated', 'ready or degraded');
    await query(client, 'set-run-state', [changed.candidate, 'running']);
    const timeoutMs = timeoutMsOf(wish.timeoutSeconds);
    const { evenIfRehearsalFailed = false } = wish;
    const { candidate: run, was } = changed;
    const input = { ...refOf(changed), run, was, hold: false, held: true, evenIfRehearsalFailed, timeoutMs };
    return requestOperation(queue, client, 'migration.apply', name, input, asker);
  });
}

/**
 * Asks for a stack's newest migrations to be taken back, down to the one that is to stay the newest, and for the release
 * that goes with it; without one the running release stays.
 * @throws Problem `not-found`, `compose-invalid`, or `conflict` when the stack is not ready, or nothing migrates it.
 */
export async function requestRollback(
  greenroom: RunningGreenroom,
  name: string,
  wish: Schemas['Rollback'],
  asker: Asker,
): Promise<Operation> {
  const { pool, queue } = greenroom;
  const row = await getStackRow(pool, name);
  const now = openPlan(greenroom.sealer, row);
  if (!now.greenroom.migrations || row.snapshot === null) {
    throw new Problem('conflict', `Stack ${name} has nothing that migrates a database`, {
      where: name,
      remedy: 'Name database and migrations in the x-greenroom section of the project’s Compose file.',
    });
  }
  const resolved = wish.release ? await resolveRelease(greenroom, row.project, wish.release) : undefined;
  const plan = resolved ? await planOf(greenroom, row.project, resolved.services) : now;
  const { version, commit } = resolved ?? row.release;
  return inTransaction(pool, async (client) => {
    const release = { version, ...(commit ? { commit } : {}) };
    const of = { project: row.project, host: row.host, stack: name, snapshot: row.snapshot! };
    const run = await insertRun(client, greenroom.sealer, { kind: 'rollback', ...of, release, plan });
    const changed = await queryOne<Changed>(client, 'set-candidate', [name, run]);
    if (!changed) throw wrongState(row, 'rolled back', 'ready or degraded');
    const input = {
      ...{ ...refOf(changed), run, was: changed.was, hold: false, timeoutMs: timeoutMsOf(wish.timeoutSeconds) },
      ...{ backTo: wish.migration, sameRelease: !resolved },
    };
    return requestOperation(queue, client, 'migration.rollback', name, input, asker);
  });
}

/** @throws Problem `not-found`, or `conflict` when the backup cannot be used, or is of another project. */
export async function requestRestore(
  greenroom: RunningGreenroom,
  name: string,
  backupId: string,
  asker: Asker,
): Promise<Operation> {
  const { pool, queue } = greenroom;
  const row = await getStackRow(pool, name);
  const backup = await getBackupRow(pool, backupId);
  if (backup.project !== row.project || backup.host !== row.host) {
    const why = backup.project !== row.project ? `of project ${backup.project}` : 'on another host';
    throw new Problem('conflict', `Backup ${backupId} is ${why}`, { where: '/backup' });
  }
  return inTransaction(pool, async (client) => {
    const claimed = await queryOne(client, 'claim-backup', [backupId, 'restoring', ['taken', 'verified']]);
    if (!claimed) {
      throw new Problem('conflict', `Backup ${backupId} is ${backup.state}`, {
        where: '/backup',
        remedy: 'Only one that is taken or verified can be restored from.',
      });
    }
    const changed = await queryOne<Changed>(client, 'start-restore', [name]);
    if (!changed) throw wrongState(row, 'restored', 'ready, degraded or failed');
    const input = { ...refOf(changed), was: changed.was, backup: backupId, backupWas: backup.state };
    return requestOperation(queue, client, 'stack.restore', name, input, asker);
  });
}

/** @throws Problem `not-found`, or `conflict` when the stack is being created, reset or deleted. */
export async function requestReset(
  greenroom: RunningGreenroom,
  name: string,
  snapshotId: string | undefined,
  asker: Asker,
): Promise<Operation> {
  const { pool, queue } = greenroom;
  const row = await getStackRow(pool, name);
  const wanted = snapshotId ?? row.snapshot ?? undefined;
  if (wanted === undefined && openPlan(greenroom.sealer, row).greenroom.database) {
    throw new Problem('conflict', `The snapshot that stack ${name} was on is gone`, {
      where: '/snapshot',
      remedy: 'Name the snapshot to reset it to.',
    });
  }
  const snapshot = wanted === undefined ? undefined : await snapshotForUse(pool, row.project, row.host, wanted);
  return inTransaction(pool, async (client) => {
    const changed = await queryOne<StackRow>(client, 'set-stack-state', [
      name,
      'resetting',
      ['ready', 'degraded', 'failed'],
    ]);
    if (!changed) throw wrongState(row, 'reset', 'ready, degraded or failed');
    const input = { ...refOf(changed), snapshot: snapshot?.id ?? null };
    return requestOperation(queue, client, 'stack.reset', name, input, asker);
  });
}

/** Asks for a stack to be deleted, whatever it is doing: what is under way on it is cancelled first. */
export async function requestDelete(greenroom: RunningGreenroom, name: string, asker: Asker): Promise<Operation> {
  const { pool, queue } = greenroom;
  await getStackRow(pool, name);
  return inTransaction(pool, async (client) => {
    const states = ['creating', 'ready', 'resetting', 'deploying', 'restoring', 'degraded', 'failed'];
    const changed = await queryOne<StackRow>(client, 'set-stack-state', [name, 'deleting', states]);
    if (!changed) {
      throw new Problem('conflict', `Stack ${name} is being deleted already`, {
        where: name,
        remedy: `GET /v1/operations?subject=${name} shows how far it is.`,
      });
    }
    await query(client, 'request-cancel-of-subject', [name, changesOfStack]);
    return requestOperation(queue, client, 'stack.delete', name, { ...refOf(changed) }, asker);
  });
}

function wrongState(row: StackRow, verb: string, allowed: string): Problem {
  return new Problem('conflict', `Stack ${row.name} is ${row.state}; to be ${verb} it has to be ${allowed}`, {
    where: row.name,
    remedy: `Wait for its operation to end (GET /v1/operations?subject=${row.name}), or cancel that.`,
  });
}
