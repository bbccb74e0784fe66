import type { components } from '../../openapi/types.ts';
import { query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { Problem } from '../errors.ts';
import type { RunningGreenroom } from '../greenroom.ts';
import type { Operation } from '../operations/kind.ts';
import { type Asker, requestOperation } from '../operations/request.ts';
import { planOf } from '../projects/projects.ts';
import { resolveRelease } from '../releases/releases.ts';
import { snapshotForUse } from '../snapshots/snapshot.ts';
import { getStackRow, type StackRow, sealPlan } from './stack.ts';

type NewStack = components['schemas']['NewStack'];

const defaultTtlMinutes = 24 * 60;
const defaultHealthTimeoutSeconds = 180;

/**
 * Records a stack and asks for it to be built.
 *
 * @throws Problem `not-found`, `compose-invalid`, or `conflict` when the name is taken or there is no snapshot to use.
 */
export async function requestCreate(greenroom: RunningGreenroom, wish: NewStack, asker: Asker): Promise<Operation> {
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
      { stack: wish.name, snapshot: snapshot?.id ?? null },
      asker,
    );
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
  const snapshot = wanted === undefined ? undefined : await snapshotForUse(pool, row.project, row.host, wanted);
  return inTransaction(pool, async (client) => {
    const changed = await queryOne<StackRow>(client, 'set-stack-state', [name, 'resetting', ['ready', 'failed']]);
    if (!changed) throw wrongState(row, 'reset', 'ready or failed');
    return requestOperation(queue, client, 'stack.reset', name, { stack: name, snapshot: snapshot?.id ?? null }, asker);
  });
}

/** Asks for a stack to be deleted, whatever it is doing: what is under way on it is cancelled first. */
export async function requestDelete(greenroom: RunningGreenroom, name: string, asker: Asker): Promise<Operation> {
  const { pool, queue } = greenroom;
  const row = await getStackRow(pool, name);
  return inTransaction(pool, async (client) => {
    const states = ['creating', 'ready', 'resetting', 'failed'];
    const changed = await queryOne<StackRow>(client, 'set-stack-state', [name, 'deleting', states]);
    if (!changed) throw wrongState(row, 'deleted', 'anything but deleting');
    await query(client, 'request-cancel-of-subject', [name, ['stack.create', 'stack.reset']]);
    return requestOperation(queue, client, 'stack.delete', name, { stack: name }, asker);
  });
}

function wrongState(row: StackRow, verb: string, allowed: string): Problem {
  return new Problem('conflict', `Stack ${row.name} is ${row.state}; to be ${verb} it has to be ${allowed}`, {
    where: row.name,
    remedy: `Wait for its operation to end (GET /v1/operations?subject=${row.name}), or cancel that.`,
  });
}
