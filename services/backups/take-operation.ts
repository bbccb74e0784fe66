import { randomBytes } from 'node:crypto';
import type { components } from '../../openapi/types.ts';
import { queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { Problem } from '../errors.ts';
import { type Greenroom, hostOf, type RunningGreenroom } from '../greenroom.ts';
import type { Operation, OperationKind } from '../operations/kind.ts';
import { type Asker, requestOperation } from '../operations/request.ts';
import { deploymentPolicyOf } from '../projects/deployment-policy.ts';
import { getStackRow, openPlan, ownStack, refOf, type StackRef } from '../stacks/stack.ts';
import { type BackupRow, dropBackup, tidyBackups } from './backup.ts';
import { takeStackBackup } from './take-stack.ts';
import { verifyBackup } from './verify.ts';

interface TakeInput extends StackRef {
  backup: string;
  forms: BackupRow['forms'];
}

/** Takes a backup of a running stack and verifies it; one that cannot be proved does not stay. */
export function takeBackupOnRequest(greenroom: Greenroom): OperationKind<TakeInput> {
  return {
    async run({ backup, forms, ...ref }, context) {
      const row = await ownStack(greenroom.pool, ref);
      const plan = openPlan(greenroom.sealer, row);
      await context.step('backup', async () => {
        context.progress('taking a backup');
        const wish = { id: backup, purpose: 'request', forms, row, plan, signal: context.signal } as const;
        await takeStackBackup(greenroom, wish);
      });
      const { verifyMs } = await context.step('verify', () => verifyBackup(greenroom, backup, context));
      await tidyBackups(greenroom, row, context.log);
      return { backup, verifyMs };
    },
    async undo({ backup }) {
      const row = await queryOne<BackupRow>(greenroom.pool, 'get-backup', [backup]);
      if (row && row.verified_at === null) await dropBackup(greenroom, hostOf(greenroom, row.host), row);
    },
  };
}

/** @throws Problem `not-found`, or `conflict` when the stack has no database or is not ready. */
export async function requestBackup(
  greenroom: RunningGreenroom,
  wish: components['schemas']['NewBackup'],
  asker: Asker,
): Promise<Operation> {
  const row = await getStackRow(greenroom.pool, wish.stack);
  if (row.snapshot === null || !openPlan(greenroom.sealer, row).greenroom.database) {
    throw new Problem('conflict', `Stack ${row.name} has no database of a snapshot`, { where: '/stack' });
  }
  if (row.state !== 'ready' && row.state !== 'degraded') {
    throw new Problem('conflict', `Stack ${row.name} is ${row.state}; to be backed up it has to be ready`, {
      where: '/stack',
      remedy: `Wait for its operation to end (GET /v1/operations?subject=${row.name}).`,
    });
  }
  const forms = wish.forms ?? (await deploymentPolicyOf(greenroom.pool, row.project)).backups;
  const input: TakeInput = { ...refOf(row), backup: `bak-${randomBytes(6).toString('hex')}`, forms };
  return inTransaction(greenroom.pool, (client) =>
    requestOperation(greenroom.queue, client, 'backup.take', row.name, { ...input }, asker),
  );
}
