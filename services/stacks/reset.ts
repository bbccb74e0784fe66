import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import { buildStack } from './build.ts';
import { type CreateInput, finishBuild, takeDownFailed } from './create.ts';
import { removeStackResources } from './remove.ts';
import { findStack, ownStack } from './stack.ts';

/**
 * Puts a stack back to a snapshot: its containers and volumes go, its networks stay, and it is built again from the
 * plan it was created from. When that fails the stack is taken down whole; another reset builds it anew.
 */
export function resetStack(greenroom: Greenroom): OperationKind<CreateInput> {
  return {
    async run(input, context) {
      const row = await ownStack(greenroom.pool, input);
      await context.step('take down', async () => {
        context.progress('removing containers and volumes');
        await removeStackResources(hostOf(greenroom, row.host), row.name, { networks: false });
      });
      const built = await buildStack(greenroom, row, input.snapshot ?? undefined, context);
      return finishBuild(greenroom, row, input.snapshot, built);
    },
    async undo(input, _context, error) {
      const row = await findStack(greenroom.pool, input);
      if (row) await takeDownFailed(greenroom, row, error);
    },
  };
}
