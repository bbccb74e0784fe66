import { query, queryOne } from '../database/queries.ts';
import { removeVolume } from '../engine/volumes.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import type { SnapshotRow } from './snapshot.ts';

/** Deletes a snapshot's volume, then its record. */
export function deleteSnapshot(greenroom: Greenroom): OperationKind<{ snapshot: string }> {
  return {
    async run({ snapshot }, context) {
      await context.step('remove', async () => {
        const row = await queryOne<SnapshotRow>(greenroom.pool, 'get-snapshot', [snapshot]);
        if (row) await removeVolume(hostOf(greenroom, row.host), row.volume);
      });
      await context.step('forget', () => query(greenroom.pool, 'delete-snapshot', [snapshot]));
      return { snapshot };
    },
    async undo({ snapshot }, _context, error) {
      await query(greenroom.pool, 'set-snapshot-failed', [snapshot, error]);
    },
  };
}
