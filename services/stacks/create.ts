import { query } from '../database/queries.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import { type Built, buildStack } from './build.ts';
import { removeStackResources } from './remove.ts';
import { getStackRow, type StackRow, urlsOf } from './stack.ts';

export interface CreateInput {
  stack: string;
  snapshot: string | null;
}

/** Creates a stack. A failed one leaves its record with the reason, and nothing on the engine. */
export function createStack(greenroom: Greenroom): OperationKind<CreateInput> {
  return {
    async run({ stack, snapshot }, context) {
      const built = await buildStack(greenroom, stack, snapshot ?? undefined, context);
      return finishBuild(greenroom, stack, snapshot, built);
    },
    async undo({ stack }, _context, error) {
      await takeDownFailed(greenroom, stack, error);
    },
  };
}

/** Records that a stack is ready, and says so. */
export async function finishBuild(
  greenroom: Greenroom,
  stack: string,
  snapshot: string | null,
  { cloneMode, images }: Built,
): Promise<Record<string, unknown>> {
  const row = await getStackRow(greenroom.pool, stack);
  await query(greenroom.pool, 'set-stack-ready', [stack, cloneMode, { ...row.release, images }, snapshot]);
  return { stack, urls: urlsOf(greenroom.settings, stack), ...(cloneMode ? { cloneMode } : {}) };
}

/** Removes everything a stack has on its engine and keeps its record with the reason. */
export async function takeDownFailed(greenroom: Greenroom, stack: string, error: unknown): Promise<void> {
  const row = await query<StackRow>(greenroom.pool, 'get-stack', [stack]);
  if (!row[0]) return;
  await removeStackResources(hostOf(greenroom, row[0].host), stack, { networks: true });
  await query(greenroom.pool, 'delete-subnets', [row[0].host, `stack:${stack}`]);
  await query(greenroom.pool, 'set-stack-failed', [stack, error]);
}
