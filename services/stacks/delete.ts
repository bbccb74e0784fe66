import { dropOldBackups } from '../backups/backup.ts';
import { query, queryOne } from '../database/queries.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import { removeStackResources } from './remove.ts';
import type { StackRow } from './stack.ts';

export interface DeleteInput {
  stack: string;
}

/** Deletes a stack with its data and the backups that nobody asked to keep. Cannot be cancelled half way: a cancelled or failed one leaves it to be deleted again. */
export function deleteStack(greenroom: Greenroom): OperationKind<DeleteInput> {
  return {
    async run({ stack }, context) {
      await context.step('remove', async () => {
        const row = await queryOne<StackRow>(greenroom.pool, 'get-stack', [stack]);
        if (!row) return;
        context.progress('removing containers, volumes and networks');
        await removeStackResources(hostOf(greenroom, row.host), stack, { networks: true });
        await query(greenroom.pool, 'delete-subnets', [row.host, `stack:${stack}`]);
        await dropOldBackups(greenroom, stack, 0);
      });
      await context.step('forget', () => query(greenroom.pool, 'delete-stack', [stack]));
      return { stack };
    },
    async undo({ stack }, _context, error) {
      await query(greenroom.pool, 'set-stack-undeleted', [stack, error]);
    },
  };
}
