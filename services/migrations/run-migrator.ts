import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import type pg from 'pg';
import { ownApplicationName } from '../clones/connect.ts';
import type { ServicePlan } from '../compose/plan.ts';
import { removeContainer } from '../engine/containers.ts';
import { type Host, isStatus } from '../engine/host.ts';
import { messageOf } from '../errors.ts';
import { isHandedOver } from '../operations/handover.ts';
import { ensureContainer } from '../stacks/container.ts';
import { followLogs, readLogs } from '../stacks/logs.ts';
import { containerNameOf } from '../stacks/names.ts';
import { failureOf } from './migrator.ts';

/** How a run of the migrator ended. The three that wait or hang were stopped at the time limit. */
export type Outcome =
  | 'completed'
  | 'failed'
  | 'usage'
  | 'panicked'
  | 'out-of-memory'
  | 'waits-for-lock'
  | 'waits-for-input'
  | 'hangs'
  | 'cannot-start';

export interface MigratorRun {
  outcome: Outcome;
  exitCode?: number;
  durationMs: number;
  /** Its last lines. */
  output: string;
  /** What it was doing when it was stopped. */
  waiting?: string;
  /** A session of it was seen in the database. Short ones may be missed; a rehearsal's log misses none. */
  seen: boolean;
}

/** What a migrator is run against. */
export interface MigratorTarget {
  host: Host;
  /** The stack or clone that its container belongs to. */
  name: string;
  /** The migrator as the file declares it, on the one network from which its database, and nothing else, is reached. */
  migrator: ServicePlan;
  /** The container whose network it runs on, where there is one: to be put on a network takes longer than to start. */
  onNetworkOf?: { container: string; address: string };
  migratorImage: string;
  /** What asks for it: it is run once for that, and a run that has begun or ended already is taken as it is. */
  run?: string;
  /** As superuser, to the database it migrates. */
  client: pg.Client;
  /** Gets what it writes, line by line, while it runs. */
  onLine?: (line: string) => void;
}

const pollMs = 50;
/** `status` prints a line for each migration. */
const keepLines = 5000;

/**
 * Runs the migrator with these arguments and says how it ended. One that a killed greenroom left running is waited
 * for. Stopped at `timeoutMs`, or when `signal` aborts, with its sessions in the database.
 */
export async function runMigrator(
  target: MigratorTarget,
  command: string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<MigratorRun> {
  const { host, run, client, onNetworkOf } = target;
  const configHash = createHash('sha256')
    .update(JSON.stringify(run ?? command))
    .digest('hex');
  // Its input stays open and empty, so that a migrator that asks something waits, and can be told from one that fails.
  const asked: ServicePlan = { ...target.migrator, command, configHash, stdinOpen: true, tty: false };
  const service = onNetworkOf ? sharingNetwork(asked, onNetworkOf.container) : asked;
  if (run === undefined) {
    const before = containerNameOf(host.installation, target.name, service.name);
    await removeContainer(host.docker.getContainer(before));
  }
  const container = await ensureContainer(host, target.name, service, target.migratorImage);
  let seen = false;
  let stopFollowing = () => {};
  const startedAt = performance.now();
  const took = () => Math.round(performance.now() - startedAt);
  const output = async () => (await readLogs(host, container.id, keepLines)) ?? '';
  try {
    const { State: found } = await container.inspect();
    try {
      if (found.Status === 'created') await container.start();
    } catch (error) {
      if (!isStatus(error, 304)) return { outcome: 'cannot-start', durationMs: took(), output: messageOf(error), seen };
    }
    if (target.onLine) stopFollowing = await followLogs(host, container.id, target.onLine);
    // What goes wrong with the wait shows in the loop as well.
    const ended = container.wait().catch(() => new Promise(() => {}));
    for (;;) {
      signal.throwIfAborted();
      const { State: state, NetworkSettings: settings } = await container.inspect();
      if (!state.Running) {
        const durationMs = Date.parse(state.FinishedAt) - Date.parse(state.StartedAt);
        return { ...endOf(state), durationMs, output: await output(), seen };
      }
      const address = onNetworkOf?.address ?? Object.values(settings.Networks)[0]?.IPAddress ?? '';
      seen ||= await hasSession(client, address);
      if (took() > timeoutMs) {
        const waiting = await activityOf(client);
        const outcome = waiting?.onLock
          ? 'waits-for-lock'
          : (await waitsForInput(container))
            ? 'waits-for-input'
            : 'hangs';
        await stopMigrator(container, client, address);
        return {
          outcome,
          durationMs: took(),
          output: await output(),
          waiting: waiting?.what ?? 'no session is open',
          seen,
        };
      }
      await Promise.race([ended, sleep(pollMs)]);
    }
  } catch (error) {
    if (!isHandedOver(signal)) await removeMigrator(target, container);
    throw error;
  } finally {
    stopFollowing();
  }
}

/** What belongs to the network is that container's: the engine takes none of it a second time. */
function sharingNetwork(service: ServicePlan, container: string): ServicePlan {
  const { hostname: _hostname, domainname: _domainname, dnsOptions: _dnsOptions, ...rest } = service;
  return { ...rest, networks: [], networkMode: `container:${container}`, extraHosts: [], dns: [], dnsSearch: [] };
}

function endOf(state: { OOMKilled: boolean; ExitCode: number }): { outcome: Outcome; exitCode: number } {
  const { OOMKilled, ExitCode: exitCode } = state;
  const outcome = OOMKilled ? 'out-of-memory' : exitCode === 0 ? 'completed' : failureOf(exitCode);
  return { outcome, exitCode };
}

/** Kills it and ends its sessions: a backend in the middle of a statement would go on until it has something to say. */
async function stopMigrator(container: Container, client: pg.Client, address: string): Promise<void> {
  await container.kill().catch(() => {});
  if (address !== '') {
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_addr = $1', [address]);
  }
}

async function removeMigrator({ host, client, onNetworkOf }: MigratorTarget, container: Container): Promise<void> {
  const networks = await container.inspect().then(
    ({ NetworkSettings }) => Object.values(NetworkSettings.Networks),
    () => [],
  );
  const address = onNetworkOf?.address ?? networks[0]?.IPAddress ?? '';
  // The database may be what went away; the container goes in any case.
  await stopMigrator(container, client, address).catch(() => {});
  await removeContainer(host.docker.getContainer(container.id));
}

async function hasSession(client: pg.Client, address: string): Promise<boolean> {
  if (address === '') return false;
  const { rows } = await client.query('SELECT FROM pg_stat_activity WHERE client_addr = $1 LIMIT 1', [address]);
  return rows.length > 0;
}

/** What sessions other than greenroom's do right now, the one that waits for a lock first. */
async function activityOf(client: pg.Client): Promise<{ onLock: boolean; what: string } | undefined> {
  const { rows } = await client.query<{ onLock: boolean; what: string }>(
    `SELECT coalesce(wait_event_type = 'Lock', false) AS "onLock",
       concat_ws(' ', state, 'for', round(extract(epoch FROM now() - state_change)), 's',
         wait_event_type || '/' || wait_event, left(query, 200)) AS what
     FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> $1 ORDER BY 1 DESC LIMIT 1`,
    [ownApplicationName],
  );
  return rows[0];
}

/** A thread of it is blocked reading a pipe, as its open standard input is. */
async function waitsForInput(container: Container): Promise<boolean> {
  const { Titles: titles, Processes: processes } = (await container.top({ ps_args: '-L -o pid,wchan:32' })) as {
    Titles: string[];
    Processes: string[][];
  };
  const column = titles.indexOf('WCHAN');
  return processes.some((columns) => /pipe_read$/.test(columns[column] ?? ''));
}
