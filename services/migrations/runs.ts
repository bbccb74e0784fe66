import { randomBytes } from 'node:crypto';
import type { components } from '../../openapi/types.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { Problem } from '../errors.ts';
import type { RunningGreenroom } from '../greenroom.ts';
import type { Operation } from '../operations/kind.ts';
import { type Asker, requestOperation } from '../operations/request.ts';
import { planOf } from '../projects/projects.ts';
import { resolveRelease } from '../releases/releases.ts';
import { snapshotForUse } from '../snapshots/snapshot.ts';
import { sealPlan } from '../stacks/stack.ts';
import type { RehearsalReport } from './report.ts';

type Schemas = components['schemas'];

interface RunRow {
  id: string;
  project: string;
  host: string;
  snapshot: string;
  state: Schemas['Rehearsal']['state'];
  release: { version: string; commit?: string };
  sealed_plan: Buffer;
  created_at: Date;
  finished_at: Date | null;
  report: RehearsalReport | null;
  error: Schemas['Problem'] | null;
}

const defaultTimeoutSeconds = 900;

/**
 * Asks for a release's migrations to be rehearsed on clones of a snapshot.
 * @throws Problem `not-found`, `compose-invalid`, or `conflict` when the project names no database or no migrator, or has no snapshot.
 */
export async function requestRehearsal(
  greenroom: RunningGreenroom,
  wish: Schemas['NewRehearsal'],
  asker: Asker,
): Promise<Operation> {
  const resolved = await resolveRelease(greenroom, wish.project, wish.release);
  const plan = await planOf(greenroom, wish.project, resolved.services);
  if (!plan.greenroom.database || !plan.greenroom.migrations) {
    throw new Problem('conflict', `Project ${wish.project} does not say what its database and its migrator are`, {
      where: 'x-greenroom',
      remedy: 'Name both in the x-greenroom section of its Compose file: database and migrations.',
    });
  }
  const host = [...greenroom.hosts.values()][0]!;
  const snapshot = await snapshotForUse(greenroom.pool, wish.project, host.id, wish.snapshot ?? 'latest');
  const { version, commit } = resolved;
  const id = `run-${randomBytes(6).toString('hex')}`;
  const timeoutMs = (wish.timeoutSeconds ?? defaultTimeoutSeconds) * 1000;
  return inTransaction(greenroom.pool, async (client) => {
    const release = { version, ...(commit ? { commit } : {}) };
    const sealed = sealPlan(greenroom.sealer, plan);
    await query(client, 'insert-migration-run', [id, wish.project, host.id, snapshot.id, release, sealed]);
    return requestOperation(greenroom.queue, client, 'migration.rehearse', id, { run: id, timeoutMs }, asker);
  });
}

/** @throws Problem `not-found` */
export async function getRunRow(database: Database, id: string): Promise<RunRow> {
  const row = await queryOne<RunRow>(database, 'get-migration-run', [id]);
  if (row) return row;
  throw new Problem('not-found', `There is no rehearsal ${id}`, {
    where: id,
    remedy: 'GET /v1/rehearsals lists them.',
  });
}

/** A rehearsal with its report. @throws Problem `not-found` */
export async function getRehearsal(database: Database, id: string): Promise<Schemas['RehearsalDetail']> {
  const row = await getRunRow(database, id);
  return { ...toRehearsal(row), ...(row.report ? { report: row.report as unknown as Record<string, unknown> } : {}) };
}

export async function listRehearsals(database: Database, project: string | undefined): Promise<Schemas['Rehearsal'][]> {
  return (await query<RunRow>(database, 'list-migration-runs', [project ?? null])).map(toRehearsal);
}

function toRehearsal(row: RunRow): Schemas['Rehearsal'] {
  return {
    id: row.id,
    project: row.project,
    snapshot: row.snapshot,
    release: row.release,
    state: row.state,
    createdAt: row.created_at.toISOString(),
    ...(row.finished_at ? { finishedAt: row.finished_at.toISOString() } : {}),
    ...(row.report ? { reasons: row.report.reasons } : {}),
    ...(row.error ? { error: row.error } : {}),
  };
}
