import { query } from '../database/queries.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import { type Built, buildStack } from './build.ts';
import { removeStackResources } from './remove.ts';
import { findStack, ownStack, type StackRef, type StackRow, urlsOf } from './stack.ts';

export interface CreateInput extends StackRef {
  snapshot: string | null;
}

/** Creates a stack. A failed one leaves its record with the reason, and nothing on the engine. */
export function createStack(greenroom: Greenroom): OperationKind<CreateInput> {
  return {
    async run(input, context) {
      const row = await ownStack(greenroom.pool, input);
      const built = await buildStack(greenroom, row, input.snapshot ?? undefined, context);
      return finishBuild(greenroom, row, input.snapshot, built);
    },
    async undo(input, _context, error) {
      const row = await findStack(greenroom.pool, input);
      if (row) await takeDownFailed(greenroom, row, error);
    },
  };
}

/** Records that a stack is ready, and says so. */
export async function finishBuild(
  greenroom: Greenroom,
  row: StackRow,
  snapshot: string | null,
  { cloneMode, images }: Built,
): Promise<Record<string, unknown>> {
  await query(greenroom.pool, 'set-stack-ready', [row.name, cloneMode, { ...row.release, images }, snapshot]);
  return { stack: row.name, urls: urlsOf(greenroom.settings, row.name), ...(cloneMode ? { cloneMode } : {}) };
}

/** Removes everything a stack has on its engine and keeps its record with the reason. */
export async function takeDownFailed(greenroom: Greenroom, row: StackRow, error: unknown): Promise<void> {
  await removeStackResources(hostOf(greenroom, row.host), row.name, { networks: true });
  await query(greenroom.pool, 'delete-subnets', [row.host, `stack:${row.name}`]);
  await query(greenroom.pool, 'set-stack-failed', [row.name, error]);
}
