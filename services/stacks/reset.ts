import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import { buildStack } from './build.ts';
import { finishBuild, takeDownFailed } from './create.ts';
import { removeStackResources } from './remove.ts';
import { getStackRow } from './stack.ts';

export interface ResetInput {
  stack: string;
  snapshot: string | null;
}

/**
 * Puts a stack back to a snapshot: its containers and volumes go, its networks stay, and it is built again from the
 * plan it was created from. When that fails the stack is taken down whole; another reset builds it anew.
 */
export function resetStack(greenroom: Greenroom): OperationKind<ResetInput> {
  return {
    async run({ stack, snapshot }, context) {
      await context.step('take down', async () => {
        context.progress('removing containers and volumes');
        const { host } = await getStackRow(greenroom.pool, stack);
        await removeStackResources(hostOf(greenroom, host), stack, { networks: false });
      });
      const built = await buildStack(greenroom, stack, snapshot ?? undefined, context);
      return finishBuild(greenroom, stack, snapshot, built);
    },
    async undo({ stack }, _context, error) {
      await takeDownFailed(greenroom, stack, error);
    },
  };
}
