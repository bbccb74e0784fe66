import { createHash } from 'node:crypto';
import type { StackPlan } from '../compose/plan.ts';
import { query, queryOne } from '../database/queries.ts';
import type { Host } from '../engine/host.ts';
import { Problem } from '../errors.ts';
import type { Greenroom } from '../greenroom.ts';
import { onRehearsalClones } from '../rehearsals/clone.ts';
import type { SnapshotRow } from '../snapshots/snapshot.ts';
import { connectStack } from '../stacks/connect.ts';
import { migratorService } from '../stacks/database-service.ts';
import { redactor } from '../stacks/redact.ts';
import { appliedMigrations, forgetMigrations, status as statusCommand, versionsOf } from './migrator.ts';
import { runMigrator } from './run-migrator.ts';

/** What a release's migrator has, held against what a database has. */
export interface MigrationStatus {
  applied: string[];
  /** What `up` would run, in its order. */
  pending: string[];
  /** Applied, but the migrator does not know them: it would refuse to do anything. */
  unknown: string[];
  /** Pending ones that come before one that is applied: `up` runs them all the same. */
  outOfOrder: string[];
}

export function statusOf(known: string[], applied: string[]): MigrationStatus {
  const pending = known.filter((version) => !applied.includes(version));
  const newest = Math.max(-1, ...applied.map((version) => known.indexOf(version)));
  return {
    applied,
    pending,
    unknown: applied.filter((version) => !known.includes(version)),
    outOfOrder: pending.filter((version) => known.indexOf(version) < newest),
  };
}

/**
 * What `down` has to take back, the newest first, for `stays` to be the newest that is applied: a migrator goes by its
 * own order.
 * @throws Problem `conflict` when that one is not applied.
 */
export function takenBackFor(stays: string, known: string[], { applied }: MigrationStatus): string[] {
  const inOrder = known.filter((version) => applied.includes(version));
  if (inOrder.includes(stays)) return inOrder.slice(inOrder.indexOf(stays) + 1).reverse();
  throw new Problem('conflict', `Migration ${stays} is not applied`, {
    where: '/migration',
    remedy: `Name one of those that are: ${inOrder.slice(-10).join(', ')}.`,
  });
}

/**
 * A release's migrations held against a running stack's database, which is only read.
 * @throws Problem `conflict` when it has some that the release does not know.
 */
export async function statusOnStack(
  host: Host,
  stack: string,
  /** What the stack runs. */
  plan: StackPlan,
  known: string[],
): Promise<MigrationStatus> {
  const client = await connectStack(host, stack, plan);
  const applied = await appliedMigrations(client, plan.greenroom.database!.schema).finally(() => client.end());
  const status = statusOf(known, applied);
  if (status.unknown.length === 0) return status;
  throw new Problem(
    'conflict',
    `The database of stack ${stack} has migrations that this release does not know: ${status.unknown.join(', ')}`,
    {
      where: stack,
      remedy:
        'Its migrator would refuse to run. Take a release that has them, or data from before them: a backup, an older snapshot.',
    },
  );
}

export interface AskOptions {
  host: Host;
  /** The clone's name while it is asked. */
  name: string;
  plan: StackPlan;
  snapshot: SnapshotRow;
  /** Image ids by service. */
  images: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Which migrations a release's migrator has, in its order. Its own `status` writes to the database and fails where a
 * version is unknown to it, so it is asked on a throwaway clone whose books are empty. The answer is kept: an image
 * never changes.
 *
 * @throws Problem `migration-failed` with the migrator's last lines.
 */
export async function knownMigrations(greenroom: Greenroom, options: AskOptions): Promise<string[]> {
  const { host, plan, images, snapshot, timeoutMs, signal } = options;
  const migrator = migratorService(plan)!;
  const { command } = plan.greenroom.migrations!;
  const asked = JSON.stringify([images[migrator.name], migrator.configHash, command]);
  const key = createHash('sha256').update(asked).digest('hex');
  const kept = await queryOne<{ versions: string[] }>(greenroom.pool, 'get-known-migrations', [key]);
  if (kept) return kept.versions;
  const of = { volume: snapshot.volume, facts: snapshot.report!.target };
  const spec = { host, plan, of, images, signal };
  const { name } = options;
  const run = await onRehearsalClones(greenroom, spec, [name], async (clones) => {
    const clone = await clones.start(name);
    await forgetMigrations(clone.client, plan.greenroom.database!.schema);
    return runMigrator(clone, [...command, ...statusCommand], timeoutMs, signal);
  });
  const versions = versionsOf(run.output);
  if (run.outcome !== 'completed' || versions.length === 0) {
    const lines = redactor(plan)(run.output).trim().split('\n').slice(-5).join('\n');
    throw new Problem('migration-failed', `${[...command, ...statusCommand].join(' ')} ${run.outcome}: ${lines}`, {
      where: 'x-greenroom.migrations',
      remedy: 'It has to list its migrations as SeaORM’s command line does; check command, image and variables.',
    });
  }
  await query(greenroom.pool, 'insert-known-migrations', [key, JSON.stringify(versions)]);
  return versions;
}
