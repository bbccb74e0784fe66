import { query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { Problem } from '../errors.ts';
import { type Greenroom, hostOf, type RunningGreenroom } from '../greenroom.ts';
import type { Operation, OperationKind } from '../operations/kind.ts';
import { type Asker, requestOperation } from '../operations/request.ts';
import { type BackupRow, dropBackup, getBackupRow } from './backup.ts';
import { verifyBackup } from './verify.ts';

/** Verifies a backup again. One that turns out damaged stays, as damaged. */
export function verifyBackupAgain(greenroom: Greenroom): OperationKind<{ backup: string }> {
  return {
    async run({ backup }, context) {
      const { verifyMs } = await context.step('verify', () => verifyBackup(greenroom, backup, context));
      return { backup, verifyMs };
    },
    async undo({ backup }, _context, error) {
      // Not looked at to the end: nothing new is known of it.
      if (error.code !== 'backup-damaged')
        await queryOne(greenroom.pool, 'change-backup-state', [backup, 'taken', ['verifying']]);
    },
  };
}

export function deleteBackup(greenroom: Greenroom): OperationKind<{ backup: string }> {
  return {
    async run({ backup }, context) {
      await context.step('remove', async () => {
        const row = await queryOne<BackupRow>(greenroom.pool, 'get-backup', [backup]);
        if (row) await dropBackup(greenroom.pool, hostOf(greenroom, row.host), row);
      });
      return { backup };
    },
    async undo({ backup }, _context, error) {
      await query(greenroom.pool, 'set-backup-state', [backup, 'damaged', error]);
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
    return requestOperation(greenroom.queue, client, kind, id, { backup: id }, asker);
  });
}
