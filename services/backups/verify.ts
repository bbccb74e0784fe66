import { onClone } from '../clones/clone.ts';
import { query } from '../database/queries.ts';
import { saysDiskIsFull } from '../engine/disk.ts';
import { messageOf, Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationContext } from '../operations/kind.ts';
import { openPlan } from '../stacks/stack.ts';
import { type BackupRow, checkCloneOf, getBackupRow } from './backup.ts';
import { type DatabaseContent, differencesBetween, readContent } from './content.ts';

/**
 * Proves a backup by what only proves one: it is restored, on a throwaway clone, and what is found there is compared
 * with what the database held when the backup was taken. The backup itself is left as it is.
 *
 * @throws Problem `backup-damaged` naming every difference.
 */
export async function verifyBackup(
  greenroom: Greenroom,
  id: string,
  context: Pick<OperationContext, 'signal' | 'progress' | 'log'>,
): Promise<{ verifyMs: number }> {
  const row = await getBackupRow(greenroom.pool, id);
  await query(greenroom.pool, 'set-backup-state', [id, 'verifying', null]);
  context.progress(`restoring ${id} on a clone, to compare it`);
  const startedAt = performance.now();
  const found = await contentOf(greenroom, row, context.signal);
  const differences =
    found instanceof Problem ? [{ where: row.volume, what: found.message }] : differencesBetween(row.content!, found);
  const verifyMs = Math.round(performance.now() - startedAt);
  if (differences.length === 0) {
    await query(greenroom.pool, 'set-backup-state', [id, 'verified', null]);
    context.log(`${id} was restored and holds what the database held (${verifyMs} ms)`);
    return { verifyMs };
  }
  const { where, what } = differences[0]!;
  const problem = new Problem('backup-damaged', `${id} does not hold what the database held: ${where}: ${what}`, {
    where,
    remedy: 'It cannot be relied on. Look for damage on the host’s disk, then take a new one.',
    errors: differences,
  });
  await query(greenroom.pool, 'set-backup-state', [id, 'damaged', problem.toDocument()]);
  throw problem;
}

/** What a restored copy holds, or why it cannot be read. Throws only what says nothing about the backup. */
async function contentOf(
  greenroom: Greenroom,
  row: BackupRow,
  signal: AbortSignal,
): Promise<DatabaseContent | Problem> {
  const host = hostOf(greenroom, row.host);
  const spec = {
    name: checkCloneOf(row.id),
    host,
    plan: openPlan(greenroom.sealer, row),
    of: { volume: row.volume, facts: row.facts },
    images: row.release.images,
    signal,
  };
  try {
    return await onClone(greenroom, spec, async (clone) => {
      const client = await clone.connect();
      const abort = () => client.end().catch(() => {});
      signal.addEventListener('abort', abort, { once: true });
      try {
        return await readContent(client);
      } catch (error) {
        signal.throwIfAborted();
        // What the server says of its data is damage; a connection that breaks or a disk that is full is not.
        if (!isFromServer(error) || saysDiskIsFull(messageOf(error))) throw error;
        return new Problem('backup-damaged', `it cannot be read to its end: ${messageOf(error)}`);
      } finally {
        signal.removeEventListener('abort', abort);
        await client.end().catch(() => {});
      }
    });
  } catch (error) {
    signal.throwIfAborted();
    // Postgres would not start on it.
    if (error instanceof Problem && error.code === 'snapshot-incompatible') return error;
    throw error;
  }
}

function isFromServer(error: unknown): boolean {
  const { severity, cause } = error as { severity?: string; cause?: unknown };
  return severity !== undefined || (cause instanceof Error && isFromServer(cause));
}
