import { query, queryOne } from '../database/queries.ts';
import { saysDiskIsFull } from '../engine/disk.ts';
import { type Mistake, messageOf, Problem } from '../errors.ts';
import type { Greenroom } from '../greenroom.ts';
import type { OperationContext } from '../operations/kind.ts';
import { withoutValues } from '../sources/errors.ts';
import { type BackupRow, getBackupRow } from './backup.ts';
import { differencesBetween, readAs, readContent } from './content.ts';
import { onRecovered } from './recover.ts';

const provable: BackupRow['state'][] = ['taken', 'verifying', 'verified', 'damaged'];

type Context = Pick<OperationContext, 'signal' | 'progress' | 'log'>;

/**
 * Proves a backup by what only proves one: it is restored beside everything else, and what is found there is compared
 * with what the database held when the backup was taken. The backup itself is left as it is.
 *
 * @throws Problem `backup-damaged` naming every difference.
 */
export async function verifyBackup(greenroom: Greenroom, id: string, context: Context): Promise<{ verifyMs: number }> {
  const row = await getBackupRow(greenroom.pool, id);
  if (!(await queryOne(greenroom.pool, 'change-backup-state', [id, 'verifying', provable])))
    throw new Problem('conflict', `Backup ${id} is ${row.state}`, { where: id });
  const startedAt = performance.now();
  for (const form of row.forms) {
    context.progress(`restoring the ${form} of ${id}, to compare it`);
    const { differences } = await compareRecovered(greenroom, row, form, context.signal);
    if (differences.length === 0) continue;
    const problem = damaged(row, form, differences);
    await query(greenroom.pool, 'end-verifying', [id, 'damaged', problem.toDocument()]);
    throw problem;
  }
  const verifyMs = Math.round(performance.now() - startedAt);
  await query(greenroom.pool, 'end-verifying', [id, 'verified', null]);
  context.log(`${id} was restored and holds what the database held (${verifyMs} ms)`);
  return { verifyMs };
}

export function damaged(
  { id }: Pick<BackupRow, 'id'>,
  form: BackupRow['forms'][number],
  differences: Mistake[],
): Problem {
  const { where, what } = differences[0]!;
  return new Problem('backup-damaged', `The ${form} of ${id} does not hold what the database held: ${where}: ${what}`, {
    where,
    remedy: 'It cannot be relied on. Look for damage on the host’s disk, then take a new one.',
    errors: differences,
  });
}

export interface Compared {
  /** None: it holds what the database held. */
  differences: Mistake[];
  /** From nothing to a server that answers on the data; undefined where it never did. */
  recoverMs?: number;
  compareMs?: number;
}

/** Recovers a form of a backup and compares it. Throws only what says nothing about the backup. */
export async function compareRecovered(
  greenroom: Greenroom,
  row: BackupRow,
  form: BackupRow['forms'][number],
  signal: AbortSignal,
): Promise<Compared> {
  try {
    return await onRecovered(greenroom, row, form, signal, async ({ connect, recoverMs }) => {
      const startedAt = performance.now();
      const client = await connect();
      const abort = () => client.end().catch(() => {});
      signal.addEventListener('abort', abort, { once: true });
      try {
        const differences = differencesBetween(row.content!, await readContent(client, readAs(row.content!)), form);
        return { differences, recoverMs, compareMs: Math.round(performance.now() - startedAt) };
      } catch (error) {
        signal.throwIfAborted();
        // What the server says of its data is damage; a connection that breaks or a disk that is full is not.
        if (!isFromServer(error) || saysDiskIsFull(messageOf(error))) throw error;
        return {
          differences: [{ where: row.id, what: `it cannot be read to its end: ${withoutValues(error)}` }],
          recoverMs,
        };
      } finally {
        signal.removeEventListener('abort', abort);
        await client.end().catch(() => {});
      }
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Problem) || error.code !== 'backup-damaged' || saysDiskIsFull(error.message)) throw error;
    return { differences: error.errors ?? [{ where: error.where ?? row.id, what: error.message }] };
  }
}

function isFromServer(error: unknown): boolean {
  const { severity, cause } = error as { severity?: string; cause?: unknown };
  return severity !== undefined || (cause instanceof Error && isFromServer(cause));
}
