import { randomBytes } from 'node:crypto';
import type { components } from '../../openapi/types.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { Problem } from '../errors.ts';
import type { Greenroom, RunningGreenroom } from '../greenroom.ts';
import type { Operation, OperationKind } from '../operations/kind.ts';
import { type Asker, requestOperation } from '../operations/request.ts';
import { getStackRow } from '../stacks/stack.ts';
import { type BackupRow, getBackupRow, toBackup } from './backup.ts';
import { compareRecovered, damaged } from './verify.ts';

type Schemas = components['schemas'];

interface DrillRow {
  id: string;
  project: string;
  stack: string;
  backup: string;
  state: Schemas['Drill']['state'];
  report: Schemas['Drill']['report'] | null;
  error: Schemas['Problem'] | null;
  created_at: Date;
  finished_at: Date | null;
}

interface DrillInput {
  drill: string;
  backup: string;
  /** What was known of the backup before. */
  was: BackupRow['state'];
  error: BackupRow['error'];
}

/**
 * Recovers a stack's newest backup beside the stack, in each of its forms, measures how long that takes until the database
 * answers, and compares all of it with what the database held. What it found is kept as evidence.
 */
export function drillBackup(greenroom: Greenroom): OperationKind<DrillInput> {
  const { pool } = greenroom;
  return {
    async run({ drill, backup: id }, context) {
      const backup = await getBackupRow(pool, id);
      const forms: NonNullable<DrillRow['report']>['forms'] = [];
      for (const form of backup.forms) {
        const compared = await context.step(form, () => {
          context.progress(`recovering the ${form} of ${id}`);
          return compareRecovered(greenroom, backup, form, context.signal);
        });
        forms.push({ form, ...compared });
      }
      const failed = forms.find(({ differences }) => differences.length > 0);
      const { tables = 0, rows = 0 } = toBackup(backup);
      const takenAt = backup.taken?.takenAt ?? backup.created_at.toISOString();
      const ageSeconds = Math.round((Date.now() - Date.parse(takenAt)) / 1000);
      const report = { forms, tables, rows, ageSeconds, takenAt };
      if (failed) {
        const problem = damaged(backup, failed.form, failed.differences);
        await query(pool, 'end-verifying', [id, 'damaged', problem.toDocument()]);
        await query(pool, 'finish-drill', [drill, 'failed', report, problem.toDocument()]);
      } else {
        await query(pool, 'end-verifying', [id, 'verified', null]);
        await query(pool, 'finish-drill', [drill, 'passed', report, null]);
      }
      return { drill, backup: id, passed: !failed };
    },
    async undo({ drill, backup, was, error: before }, _context, error) {
      await query(pool, 'put-backup-back', [backup, was, before, 'verifying']);
      await query(pool, 'finish-drill', [drill, 'error', null, error]);
    },
  };
}

/** @throws Problem `not-found`, or `conflict` when the stack has no good backup, or something else uses it. */
export async function requestDrill(greenroom: RunningGreenroom, stack: string, asker: Asker): Promise<Operation> {
  const { pool, queue } = greenroom;
  const { project } = await getStackRow(pool, stack);
  const backup = await queryOne<BackupRow>(pool, 'newest-backup', [stack]);
  if (!backup) {
    throw new Problem('conflict', `Stack ${stack} has no backup that could be restored`, {
      where: stack,
      remedy: 'POST /v1/backups takes one; so does a deployment with migrations.',
    });
  }
  return inTransaction(pool, async (client) => {
    if (!(await queryOne(client, 'claim-backup', [backup.id, 'verifying', ['taken', 'verified']]))) {
      throw new Problem('conflict', `Backup ${backup.id} is in use`, {
        where: backup.id,
        remedy: 'Ask again in a moment.',
      });
    }
    const drill = `drl-${randomBytes(6).toString('hex')}`;
    await query(client, 'insert-drill', [drill, project, stack, backup.id]);
    const input: DrillInput = { drill, backup: backup.id, was: backup.state, error: backup.error };
    return requestOperation(queue, client, 'backup.drill', drill, { ...input }, asker);
  });
}

/** Asks for the drills that are due by their project's policy. */
export async function requestDueDrills(greenroom: RunningGreenroom): Promise<void> {
  for (const { name } of await query<{ name: string }>(greenroom.pool, 'due-drills')) {
    try {
      await requestDrill(greenroom, name, { name: 'greenroom (schedule)' });
    } catch (error) {
      // Another process was quicker, or the backup is in use: it is still due at the next sweep.
      if (!(error instanceof Problem)) throw error;
    }
  }
}

export async function listDrills(
  database: Database,
  filter: { project?: string | undefined; stack?: string | undefined },
): Promise<Schemas['Drill'][]> {
  const values = [filter.project ?? null, filter.stack ?? null];
  return (await query<DrillRow>(database, 'list-drills', values)).map(toDrill);
}

/** @throws Problem `not-found` */
export async function getDrill(database: Database, id: string): Promise<Schemas['Drill']> {
  const row = await queryOne<DrillRow>(database, 'get-drill', [id]);
  if (row) return toDrill(row);
  throw new Problem('not-found', `There is no drill ${id}`, { where: id, remedy: 'GET /v1/drills lists them.' });
}

function toDrill(row: DrillRow): Schemas['Drill'] {
  return {
    ...{ id: row.id, project: row.project, stack: row.stack, backup: row.backup, state: row.state },
    createdAt: row.created_at.toISOString(),
    ...(row.finished_at ? { finishedAt: row.finished_at.toISOString() } : {}),
    ...(row.report ? { report: row.report } : {}),
    ...(row.error ? { error: row.error } : {}),
  };
}
