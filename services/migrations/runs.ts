import { randomBytes } from 'node:crypto';
import type { components } from '../../openapi/types.ts';
import type { StackPlan } from '../compose/plan.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { Problem } from '../errors.ts';
import type { RunningGreenroom } from '../greenroom.ts';
import type { Operation } from '../operations/kind.ts';
import { type Asker, requestOperation } from '../operations/request.ts';
import { planOf } from '../projects/projects.ts';
import { resolveRelease } from '../releases/releases.ts';
import type { Sealer } from '../secrets/seal.ts';
import { snapshotForUse } from '../snapshots/snapshot.ts';
import { getSource } from '../sources/store.ts';
import { getStackRow, sealPlan } from '../stacks/stack.ts';

type Schemas = components['schemas'];

export interface RunRow {
  id: string;
  kind: Schemas['MigrationRun']['kind'];
  project: string;
  host: string;
  stack: string | null;
  snapshot: string | null;
  state: Schemas['MigrationRun']['state'];
  release: { version: string; commit?: string };
  sealed_plan: Buffer;
  created_at: Date;
  finished_at: Date | null;
  /** A rehearsal's has the shape of RehearsalReport. */
  report: (Record<string, unknown> & { reasons?: string[] }) | null;
  error: Schemas['Problem'] | null;
}

const defaultTimeoutSeconds = 900;

/** How long each run of the migrator may take. */
export function timeoutMsOf(seconds: number | undefined): number {
  return (seconds ?? defaultTimeoutSeconds) * 1000;
}

/** The clones that a run may have on the engine. With a dot, which no stack's name has. */
export function clonesOf(run: string): [up: string, steps: string, impact: string, list: string] {
  return [`${run}.up`, `${run}.steps`, `${run}.impact`, listCloneOf(run)];
}

/** The clone on which a migrator is asked what it has, for a run or for a stack that is built. */
export function listCloneOf(owner: string): string {
  return `${owner}.list`;
}

/** The backup that an apply takes. */
export function backupOf(run: string): string {
  return run.replace(/^run-/, 'bak-');
}

export interface NewRun {
  kind: RunRow['kind'];
  project: string;
  host: string;
  stack?: string;
  snapshot?: string;
  release: RunRow['release'];
  plan: StackPlan;
}

/** Records a run before anything of it is begun. @returns its id. */
export async function insertRun(client: Database, sealer: Sealer, run: NewRun): Promise<string> {
  const id = `run-${randomBytes(6).toString('hex')}`;
  const sealed = sealPlan(sealer, run.plan);
  const values = [id, run.project, run.host, run.snapshot ?? null, run.release, sealed, run.kind, run.stack ?? null];
  await query(client, 'insert-migration-run', values);
  return id;
}

/**
 * Asks for a release's migrations to be rehearsed on clones of a snapshot, or only what they are (`status`), held
 * against a stack's database or the snapshot's.
 *
 * @throws Problem `not-found`, `compose-invalid`, or `conflict` when the project names no database or no migrator, or
 *   has no snapshot.
 */
export async function requestRun(
  greenroom: RunningGreenroom,
  wish: Schemas['NewMigrationRun'],
  asker: Asker,
): Promise<Operation> {
  const { pool, sealer, queue } = greenroom;
  const { project, kind } = wish;
  const stack = wish.stack === undefined ? undefined : await getStackRow(pool, wish.stack);
  if (stack && stack.project !== project) {
    throw new Problem('conflict', `Stack ${stack.name} is of project ${stack.project}`, { where: '/stack' });
  }
  if (wish.source !== undefined) await getSource(pool, project, wish.source);
  const { version, commit, services } = await resolveRelease(greenroom, project, wish.release);
  const plan = await planOf(greenroom, project, services);
  if (!plan.greenroom.database || !plan.greenroom.migrations) {
    throw new Problem('conflict', `Project ${project} does not say what its database and its migrator are`, {
      where: 'x-greenroom',
      remedy: 'Name both in the x-greenroom section of its Compose file: database and migrations.',
    });
  }
  const host = stack?.host ?? [...greenroom.hosts.values()][0]!.id;
  const snapshot = await snapshotForUse(pool, project, host, wish.snapshot ?? stack?.snapshot ?? 'latest');
  const timeoutMs = timeoutMsOf(wish.timeoutSeconds);
  return inTransaction(pool, async (client) => {
    const release = { version, ...(commit ? { commit } : {}) };
    const run = await insertRun(client, sealer, {
      ...{ kind, project, host, release, plan, snapshot: snapshot.id },
      ...(stack ? { stack: stack.name } : {}),
    });
    const { source, impact = true } = wish;
    const input = { run, timeoutMs, impact, ...(source === undefined ? {} : { source }) };
    const name = kind === 'status' ? 'migration.status' : 'migration.rehearse';
    return requestOperation(queue, client, name, run, input, asker);
  });
}

/** @throws Problem `not-found` */
export async function getRunRow(database: Database, id: string): Promise<RunRow> {
  const row = await queryOne<RunRow>(database, 'get-migration-run', [id]);
  if (row) return row;
  throw new Problem('not-found', `There is no migration run ${id}`, {
    where: id,
    remedy: 'GET /v1/migration-runs lists them.',
  });
}

/** A run with its report. @throws Problem `not-found` */
export async function getRun(database: Database, id: string): Promise<Schemas['MigrationRunDetail']> {
  const row = await getRunRow(database, id);
  return { ...toRun(row), ...(row.report ? { report: row.report } : {}) };
}

export async function listRuns(
  database: Database,
  filter: { project?: string | undefined; stack?: string | undefined; kind?: string | undefined },
): Promise<Schemas['MigrationRun'][]> {
  const values = [filter.project ?? null, filter.stack ?? null, filter.kind ?? null];
  return (await query<RunRow>(database, 'list-migration-runs', values)).map(toRun);
}

function toRun(row: RunRow): Schemas['MigrationRun'] {
  return {
    id: row.id,
    kind: row.kind,
    project: row.project,
    ...(row.stack ? { stack: row.stack } : {}),
    ...(row.snapshot ? { snapshot: row.snapshot } : {}),
    release: row.release,
    state: row.state,
    createdAt: row.created_at.toISOString(),
    ...(row.finished_at ? { finishedAt: row.finished_at.toISOString() } : {}),
    ...(row.report?.reasons ? { reasons: row.report.reasons } : {}),
    ...(row.error ? { error: row.error } : {}),
  };
}
