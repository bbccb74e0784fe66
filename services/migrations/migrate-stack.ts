import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { aliasesOf } from '../clones/clone.ts';
import type { StackPlan } from '../compose/plan.ts';
import { query } from '../database/queries.ts';
import { removeContainer } from '../engine/containers.ts';
import { exec } from '../engine/exec.ts';
import { type Host, ifPresent, isStatus } from '../engine/host.ts';
import { label } from '../engine/labels.ts';
import { ensureNetwork } from '../engine/subnets.ts';
import { Problem } from '../errors.ts';
import type { Greenroom } from '../greenroom.ts';
import { isHandedOver } from '../operations/handover.ts';
import type { OperationContext } from '../operations/kind.ts';
import type { DeploymentPolicy } from '../projects/deployment-policy.ts';
import { connectStack } from '../stacks/connect.ts';
import { databaseService, migratorService, superuserOf } from '../stacks/database-service.ts';
import { containerNameOf, networkNameOf, stackLabels } from '../stacks/names.ts';
import { redactor } from '../stacks/redact.ts';
import { appliedMigrations, begunMigration, down, up, waitedTooLong } from './migrator.ts';
import { type MigratorRun, runMigrator } from './run-migrator.ts';
import { withSessionTimeouts } from './session-timeouts.ts';

export interface MigrateOptions {
  host: Host;
  stack: string;
  plan: StackPlan;
  /** Image ids by service. */
  images: Record<string, string>;
  /** What asks for it; the migrator is run once for that. */
  run: string;
  timeoutMs: number;
  timeouts: Pick<DeploymentPolicy, 'lockTimeoutMs' | 'statementTimeoutMs'>;
  signal: AbortSignal;
  /** Called with each migration as it begins, in order. */
  onMigration(migration: string): void;
}

/** What the migrator is to do, with which migrations, in its order, and what is applied when it has. */
export interface Task {
  direction: 'up' | 'down';
  migrations: string[];
  applied: string[];
}

/** The database that greenroom has made sure it is connected to. */
export interface ProvenTarget {
  container: string;
  /** Of the cluster: https://www.postgresql.org/docs/17/functions-info.html#FUNCTIONS-PG-CONTROL-SYSTEM */
  systemIdentifier: string;
  database: string;
  schema: string;
}

export interface Migrated {
  command: string[];
  target: ProvenTarget;
  outcome: MigratorRun['outcome'];
  exitCode?: number;
  durationMs: number;
  /** A session of the migrator was seen in the database. */
  seen: boolean;
  /** Applied, or taken back. */
  migrations: string[];
}

/** A statement of it waited for a lock longer than the project lets it: it may be run again. */
export interface Blocked {
  blocked: string;
}

/** No network of a Compose file is called so: the name is refused there. */
const network = 'greenroom-migrate';

/**
 * Runs `up`, or `down` for so many, on a running stack's database: the very command of the file, the migrator alone with
 * the database on a network without a way out, under an advisory lock because SeaORM has none. Afterwards the database's
 * books have to say what was asked for.
 *
 * @throws Problem `migration-failed` saying how it ended; its transaction's fate is the caller's to look at.
 */
async function migrateStack(
  greenroom: Greenroom,
  options: MigrateOptions,
  { direction, migrations, applied }: Task,
): Promise<Migrated | Blocked> {
  const { host, stack, images, run: asker, timeoutMs, signal, onMigration } = options;
  const plan = withSessionTimeouts(options.plan, options.timeouts);
  const { schema } = plan.greenroom.database!;
  const migrator = migratorService(plan)!;
  const client = await connectStack(host, stack, plan);
  try {
    const target = await proveTarget(host, stack, plan, client);
    await lock(client, stack);
    // What was broken off may have been carried out: `down` takes back as many as it is told.
    const left = remaining(migrations, direction, await appliedMigrations(client, schema));
    const command = [...plan.greenroom.migrations!.command, ...(direction === 'up' ? up : down(left.length))];
    if (direction === 'down' && left.length === 0)
      return { command, target, outcome: 'completed', durationMs: 0, seen: true, migrations };
    await openNetwork(greenroom, host, stack, plan);
    const run = await runMigrator(
      {
        host,
        name: stack,
        migrator: { ...migrator, restart: { policy: 'no' }, networks: [{ name: network, aliases: [] }] },
        migratorImage: images[migrator.name]!,
        run: asker,
        client,
        onLine(line) {
          const begun = begunMigration(line);
          if (begun) onMigration(begun);
        },
      },
      command,
      timeoutMs,
      signal,
    );
    const after = await appliedMigrations(client, schema);
    const undone = remaining(migrations, direction, after);
    const tooMuch = direction === 'down' ? applied.filter((version) => !after.includes(version)) : [];
    if (run.outcome === 'failed' && waitedTooLong(run.output))
      return { blocked: failure(plan, command, run, undone, tooMuch).message };
    if (run.outcome !== 'completed' || undone.length + tooMuch.length > 0)
      throw failure(plan, command, run, undone, tooMuch);
    return {
      command,
      target,
      outcome: run.outcome,
      ...(run.exitCode === undefined ? {} : { exitCode: run.exitCode }),
      durationMs: run.durationMs,
      seen: run.seen,
      migrations,
    };
  } finally {
    await client.end().catch(() => {});
    if (!isHandedOver(signal)) await endMigration(greenroom, host, stack, plan);
  }
}

/** Those that the books do not say it of yet. */
function remaining(migrations: string[], direction: Task['direction'], booked: string[]): string[] {
  return migrations.filter((version) => booked.includes(version) !== (direction === 'up'));
}

const pauseMs = 1000;

/**
 * The same, and again while it waited too long for a lock. Each run is a step of its own, `migrate` the first: a restart
 * goes on with the one that was under way.
 * @throws Problem `migration-failed`
 */
export async function migrateInSteps(
  greenroom: Greenroom,
  options: Omit<MigrateOptions, 'signal' | 'onMigration'>,
  task: Task,
  retries: number,
  { step, progress, log, signal }: Pick<OperationContext, 'step' | 'progress' | 'log' | 'signal'>,
): Promise<Migrated> {
  const verb = task.direction === 'up' ? 'applying' : 'taking back';
  for (let attempt = 1; ; attempt++) {
    let begun = 0;
    const onMigration = (migration: string) =>
      progress(`${verb} ${migration}`, Math.min(begun++, task.migrations.length), task.migrations.length);
    const ended = await step(attempt === 1 ? 'migrate' : `migrate, attempt ${attempt}`, () => {
      progress(`${verb} ${task.migrations.length} migrations`, 0, task.migrations.length);
      const run = attempt === 1 ? options.run : `${options.run}#${attempt}`;
      return migrateStack(greenroom, { ...options, run, signal, onMigration }, task);
    });
    if (!('blocked' in ended)) {
      log(`migrations ${task.direction === 'up' ? 'applied' : 'taken back'}: ${ended.migrations.join(', ')}`);
      return ended;
    }
    log(ended.blocked);
    if (attempt > retries) {
      throw new Problem('migration-failed', `${ended.blocked} (${attempt} attempts)`, {
        where: 'x-greenroom.migrations',
        remedy: 'Let the session that holds the lock end, or raise the project’s lockTimeoutMs or lockRetries.',
      });
    }
    await sleep(pauseMs * attempt, undefined, { signal });
  }
}

/**
 * Makes sure that the connection leads into the stack's own container: the cluster's identifier is asked over it and
 * over the container's own socket. @throws Problem `migration-failed`
 */
async function proveTarget(host: Host, stack: string, plan: StackPlan, client: pg.Client): Promise<ProvenTarget> {
  const { name, schema } = plan.greenroom.database!;
  const database = databaseService(plan)!;
  const container = containerNameOf(host.installation, stack, database.name);
  const { rows } = await client.query<{ id: string; database: string; schema: string | null }>(
    `SELECT system_identifier::text AS id, current_database() AS database, to_regnamespace(quote_ident($1))::text AS schema
     FROM pg_control_system()`,
    [schema],
  );
  const { user } = superuserOf(database);
  const sql = 'SELECT system_identifier FROM pg_control_system()';
  const command = ['psql', '-XqAt', '-U', user, '-d', name, '-c', sql];
  const inside = await exec(host, container, { command });
  const found = rows[0]!;
  if (inside.stdout.trim() !== found.id || found.database !== name || found.schema === null) {
    throw new Problem(
      'migration-failed',
      `The database that was reached is not the one of stack ${stack}: cluster ${found.id}, database ${found.database}, schema ${found.schema ?? 'missing'}; expected cluster ${inside.stdout.trim() || 'unknown'}, ${name}, ${schema}`,
      { where: 'x-greenroom.database', remedy: 'Check the database and schema that x-greenroom names.' },
    );
  }
  return { container, systemIdentifier: found.id, database: name, schema };
}

async function lock(client: pg.Client, stack: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT pg_try_advisory_lock(hashtextextended('greenroom.migrate', 0)) AS locked`,
  );
  if (rows[0].locked) return;
  throw new Problem('conflict', `Somebody else migrates the database of stack ${stack} right now`, {
    where: stack,
    remedy: 'Wait for it to end.',
  });
}

/** A network with the migrator and the database alone, which keeps every name it has. Safe to repeat. */
export async function openNetwork(greenroom: Greenroom, host: Host, stack: string, plan: StackPlan): Promise<void> {
  const name = networkNameOf(host.installation, stack, network);
  await ensureNetwork(greenroom.pool, host, greenroom.settings.subnetRange, `stack:${stack}`, {
    name,
    internal: true,
    labels: { ...stackLabels(host.installation, stack), [label.network]: network },
  });
  const database = databaseService(plan)!;
  try {
    await host.docker.getNetwork(name).connect({
      Container: containerNameOf(host.installation, stack, database.name),
      EndpointConfig: { Aliases: [database.name, ...aliasesOf(database)] },
    });
  } catch (error) {
    // 403: it is connected already.
    if (!isStatus(error, 403)) throw error;
  }
}

/** Removes the migrator's container and network from a stack, whatever they do. Safe to repeat. */
export async function endMigration(greenroom: Greenroom, host: Host, stack: string, plan: StackPlan): Promise<void> {
  const { docker, installation } = host;
  const migrator = migratorService(plan);
  if (migrator) await removeContainer(docker.getContainer(containerNameOf(installation, stack, migrator.name)));
  const name = networkNameOf(installation, stack, network);
  const present = await ifPresent(docker.getNetwork(name).inspect());
  for (const id of Object.keys(present?.Containers ?? {}))
    await ifPresent(docker.getNetwork(name).disconnect({ Container: id, Force: true }));
  if (present) await ifPresent(docker.getNetwork(name).remove());
  await query(greenroom.pool, 'delete-subnet', [host.id, name]);
}

const meanings: Record<MigratorRun['outcome'], string> = {
  completed: 'exited 0',
  failed: 'failed',
  usage: 'did not take its arguments',
  panicked: 'panicked',
  'out-of-memory': 'was killed because it ran out of memory',
  'waits-for-lock': 'waited for a lock until its time was up',
  'waits-for-input': 'waited for input until its time was up',
  hangs: 'did not end within its time',
  'cannot-start': 'could not be started',
};

function failure(plan: StackPlan, command: string[], run: MigratorRun, undone: string[], tooMuch: string[]): Problem {
  const lines = redactor(plan)(run.waiting ?? run.output)
    .trim()
    .split('\n')
    .slice(-5)
    .join('\n');
  const nothing = run.outcome === 'completed' && !run.seen ? ' without having been seen in the database' : '';
  const verb = command.includes('down') ? 'taken back' : 'applied';
  const not = undone.length > 0 ? `; not ${verb}: ${undone.join(', ')}` : '';
  const more = tooMuch.length > 0 ? `; taken back too: ${tooMuch.join(', ')}` : '';
  return new Problem(
    'migration-failed',
    `${command.join(' ')} ${meanings[run.outcome]}${nothing}${not}${more}: ${lines}`,
    {
      where: 'x-greenroom.migrations',
      remedy: 'Rehearse the release to see the statement, its locks and its migration.',
    },
  );
}
