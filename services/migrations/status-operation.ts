import { removeClone } from '../clones/clone.ts';
import { query, queryOne } from '../database/queries.ts';
import { imageIdsOf } from '../engine/images.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import { onRehearsalClones } from '../rehearsals/clone.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import { databaseService, migratorService } from '../stacks/database-service.ts';
import { getStackRow, openPlan } from '../stacks/stack.ts';
import { connectStack } from './migrate-stack.ts';
import { appliedMigrations } from './migrator.ts';
import { getRunRow, listCloneOf } from './runs.ts';
import { knownMigrations, statusOf } from './status.ts';

/** Says which migrations of a release are applied, pending, unknown and out of order, and writes to nobody's database. */
export function migrationStatus(greenroom: Greenroom): OperationKind<{ run: string; timeoutMs: number }> {
  const { pool, sealer } = greenroom;
  return {
    async run({ run, timeoutMs }, context) {
      const { signal } = context;
      const row = await getRunRow(pool, run);
      const host = hostOf(greenroom, row.host);
      const plan = openPlan(sealer, row);
      const snapshot = await getSnapshotRow(pool, row.snapshot!);
      const services = [databaseService(plan)!, migratorService(plan)!];
      const images = await context.step('images', () => imageIdsOf(host, services, context.log));
      const name = listCloneOf(run);
      const known = await context.step('list', () => {
        context.progress('asking the migrator what it has');
        return knownMigrations(greenroom, { host, plan, snapshot, images, name, timeoutMs, signal });
      });
      const { schema } = plan.greenroom.database!;
      const applied = await context.step('applied', async () => {
        if (row.stack !== null) {
          const running = openPlan(sealer, await getStackRow(pool, row.stack));
          const client = await connectStack(host, row.stack, running);
          return appliedMigrations(client, schema).finally(() => client.end());
        }
        const of = { volume: snapshot.volume, facts: snapshot.report!.target };
        const spec = { host, plan, of, images, signal };
        return onRehearsalClones(greenroom, spec, [name], async (clones) =>
          appliedMigrations((await clones.start(name)).client, schema),
        );
      });
      const status = statusOf(known, applied);
      await query(pool, 'finish-migration-run', [run, 'passed', { status, images }, null]);
      return { run, ...status };
    },
    async undo({ run }, _context, error) {
      const row = await queryOne<{ host: string }>(pool, 'get-migration-run', [run]);
      if (!row) return;
      await removeClone(greenroom, hostOf(greenroom, row.host), listCloneOf(run));
      await query(pool, 'finish-migration-run', [run, 'error', null, error]);
    },
  };
}
