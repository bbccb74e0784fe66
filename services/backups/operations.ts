import { query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { Problem } from '../errors.ts';
import { type Greenroom, hostOf, type RunningGreenroom } from '../greenroom.ts';
import type { Operation, OperationKind } from '../operations/kind.ts';
import { type Asker, requestOperation } from '../operations/request.ts';
import { type BackupRow, dropBackup, getBackupRow } from './backup.ts';
import { verifyBackup } from './verify.ts';

interface BackupInput {
  backup: string;
  /** What was known of it before. */
  was: BackupRow['state'];
  error: BackupRow['error'];
}

/** Verifies a backup again. One that turns out damaged stays, as damaged. */
export function verifyBackupAgain(greenroom: Greenroom): OperationKind<BackupInput> {
  return {
    async run({ backup }, context) {
      const { verifyMs } = await context.step('verify', () => verifyBackup(greenroom, backup, context));
      return { backup, verifyMs };
    },
    async undo({ backup, was, error: before }, _context, error) {
      // Not looked at to the end, nothing new is known of it.
      if (error.code !== 'backup-damaged')
        await query(greenroom.pool, 'put-backup-back', [backup, was, before, 'verifying']);
    },
  };
}

/** Deletes a backup; cancelled before it was begun, the backup is what it was. */
export function deleteBackup(greenroom: Greenroom): OperationKind<BackupInput> {
  return {
    async run({ backup }, context) {
      await context.step('remove', async () => {
        const row = await queryOne<BackupRow>(greenroom.pool, 'get-backup', [backup]);
        if (row) await dropBackup(greenroom, hostOf(greenroom, row.host), row);
      });
      return { backup };
    },
    async undo({ backup, was, error: before }, { begun }) {
      // Once its volume may be gone, it stays `deleting`; the sweep goes on.
      if (!begun.has('remove')) await query(greenroom.pool, 'put-backup-back', [backup, was, before, 'deleting']);
    },
  };
}

/** @throws Problem `not-found`, `conflict` while it is being taken, verified or deleted. */
export async function requestVerify(greenroom: RunningGreenroom, id: string, asker: Asker): Promise<Operation> {
  return requestOn(greenroom, id, 'verifying', 'backup.verify', asker);
}

/** @throws as requestVerify, and while a stack is being restored from it. */
export async function requestDeleteBackup(greenroom: RunningGreenroom, id: string, asker: Asker): Promise<Operation> {
  return requestOn(greenroom, id, 'deleting', 'backup.delete', asker);
}

async function requestOn(
  greenroom: RunningGreenroom,
  id: string,
  state: 'verifying' | 'deleting',
  kind: 'backup.verify' | 'backup.delete',
  asker: Asker,
): Promise<Operation> {
  const row = await getBackupRow(greenroom.pool, id);
  return inTransaction(greenroom.pool, async (client) => {
    const changed = await queryOne(client, 'claim-backup', [id, state, ['taken', 'verified', 'damaged']]);
    if (!changed) {
      throw new Problem('conflict', `Backup ${id} is ${row.state}`, {
        where: id,
        remedy: `Wait for its operation to end (GET /v1/operations?subject=${row.stack}).`,
      });
    }
    return requestOperation(greenroom.queue, client, kind, id, { backup: id, was: row.state, error: row.error }, asker);
  });
}
