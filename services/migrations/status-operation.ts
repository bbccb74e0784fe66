import type pg from 'pg';
import { removeClone } from '../clones/clone.ts';
import { query, queryOne } from '../database/queries.ts';
import { imageIdsOf } from '../engine/images.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationKind } from '../operations/kind.ts';
import { onRehearsalClones } from '../rehearsals/clone.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import { connectStack } from '../stacks/connect.ts';
import { databaseService, migratorService } from '../stacks/database-service.ts';
import { getStackRow, openPlan } from '../stacks/stack.ts';
import { appliedMigrations } from './migrator.ts';
import { askProduction, readCompared } from './production.ts';
import { warningsAbout } from './production-words.ts';
import { getRunRow, listCloneOf } from './runs.ts';
import { knownMigrations, statusOf } from './status.ts';

interface StatusInput {
  run: string;
  timeoutMs: number;
  /** A source of the project, to be asked as production. */
  source?: string;
}

/** Says which migrations of a release are applied, pending, unknown and out of order, and writes to nobody's database. */
export function migrationStatus(greenroom: Greenroom): OperationKind<StatusInput> {
  const { pool, sealer } = greenroom;
  return {
    async run({ run, timeoutMs, source }, context) {
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
      /** Reads the stack's database, or the snapshot's. */
      const onDatabase = async <T>(read: (client: pg.Client) => Promise<T>): Promise<T> => {
        if (row.stack !== null) {
          const running = openPlan(sealer, await getStackRow(pool, row.stack));
          const client = await connectStack(host, row.stack, running);
          return read(client).finally(() => client.end());
        }
        const of = { volume: snapshot.volume, facts: snapshot.report!.target };
        const spec = { host, plan, of, images, signal };
        return onRehearsalClones(greenroom, spec, [name], async (clones) => read((await clones.start(name)).client));
      };
      const applied = await context.step('applied', () => onDatabase((client) => appliedMigrations(client, schema)));
      const status = statusOf(known, applied);
      const production = await context.step('production', async () => {
        if (source === undefined) return undefined;
        context.progress('reading production');
        const against = row.stack === null ? 'snapshot' : 'stack';
        const copy = () => onDatabase((client) => readCompared(client, schema));
        return askProduction(greenroom, { project: row.project, source, schema, against, copy, known, signal });
      });
      const told = production ? { production, warnings: warningsAbout(production) } : undefined;
      await query(pool, 'finish-migration-run', [run, 'passed', { status, images, ...told }, null]);
      return { run, ...status, ...(told ? { warnings: told.warnings } : {}) };
    },
    async undo({ run }, _context, error) {
      const row = await queryOne<{ host: string }>(pool, 'get-migration-run', [run]);
      if (!row) return;
      await removeClone(greenroom, hostOf(greenroom, row.host), listCloneOf(run));
      await query(pool, 'finish-migration-run', [run, 'error', null, error]);
    },
  };
}
