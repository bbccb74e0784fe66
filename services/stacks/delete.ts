import { dropBackupsOfStack } from '../backups/backup.ts';
import { query } from '../database/queries.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import { removeStackResources } from './remove.ts';
import { findStack, type StackRef } from './stack.ts';

/**
 * Deletes a stack with its data and the backups that nobody asked to keep. Cannot be cancelled half way: a cancelled or
 * failed one leaves it to be deleted again.
 */
export function deleteStack(greenroom: Greenroom): OperationKind<StackRef> {
  const { pool } = greenroom;
  return {
    async run(ref, context) {
      const { stack } = ref;
      await context.step('remove', async () => {
        const row = await findStack(pool, ref);
        if (!row) return;
        context.progress('removing containers, volumes and networks');
        await removeStackResources(hostOf(greenroom, row.host), stack, { networks: true });
        await query(pool, 'delete-subnets', [row.host, `stack:${stack}`]);
        await dropBackupsOfStack(greenroom, stack);
      });
      await context.step('forget', () => query(pool, 'delete-stack', [stack, ref.generation]));
      return { stack };
    },
    async undo(ref, _context, error) {
      if (await findStack(pool, ref)) await query(pool, 'set-stack-undeleted', [ref.stack, error]);
    },
  };
}
