import { definitionHash } from '../compose/hash.ts';
import type { StackPlan } from '../compose/plan.ts';
import { type Database, queryOne } from '../database/queries.ts';
import { Problem } from '../errors.ts';
import { migratorService } from '../stacks/database-service.ts';
import type { MigrationStatus } from './status.ts';

/**
 * Refuses migrations whose newest rehearsal failed: with the very migrator, and the same ones pending. One that passed
 * since, or none at all, is no objection.
 *
 * @throws Problem `rehearsal-failed` with the rehearsal and its reason.
 */
export async function refuseFailedRehearsal(
  database: Database,
  project: string,
  plan: StackPlan,
  images: Record<string, string>,
  status: MigrationStatus | undefined,
): Promise<void> {
  const migrator = migratorService(plan);
  if (!migrator || !status || status.pending.length === 0) return;
  const { name } = migrator;
  const values = [project, name, images[name], definitionHash(migrator), JSON.stringify(status.applied)];
  const rehearsal = await queryOne<{ id: string; state: string; finished_at: Date; reasons: string[] }>(
    database,
    'newest-rehearsal-of',
    values,
  );
  if (rehearsal?.state !== 'failed') return;
  const { id, finished_at: at, reasons } = rehearsal;
  throw new Problem(
    'rehearsal-failed',
    `These migrations failed when they were rehearsed (${id}, ${at.toISOString()}): ${reasons.join('; ')}`,
    {
      where: `/v1/migration-runs/${id}`,
      remedy:
        'Nothing on the stack was touched. Mend the migration and rehearse again; or ask again with evenIfRehearsalFailed: true.',
    },
  );
}
