import { randomBytes } from 'node:crypto';
import type { MountSettings } from 'dockerode';
import type pg from 'pg';
import { removeContainer } from '../../engine/containers.ts';
import { addressOf } from '../../engine/dial.ts';
import { exec } from '../../engine/exec.ts';
import { pathInHelper, runInHelper } from '../../engine/helper.ts';
import { type Host, ifPresent } from '../../engine/host.ts';
import { createVolume, removeVolume } from '../../engine/volumes.ts';
import { messageOf, Problem, type ProblemCode } from '../../errors.ts';
import { literal } from '../../quoting.ts';
import { emptyClusterOf } from './empty-cluster.ts';
import { emptyClusterMount, initialisingFirst } from './initialise.ts';
import { connectLogin, type TargetLogin } from './login.ts';
import { openSocketFolder, removeSocketFolder, type SocketFolder } from './socket-folder.ts';

/** Where relations are loaded into: a Postgres of the project's own image on a new volume, which a snapshot becomes. */
export interface TargetSpec {
  image: string;
  container: string;
  containerLabels: Record<string, string>;
  volume: string;
  volumeLabels: Record<string, string>;
  /** Where the volume is mounted, and where the data is below it. */
  mountTarget: string;
  pgdata: string;
  superuser: string;
  initdbArgs: string | undefined;
  /** Where it is reached; undefined: by a socket, and it has none. */
  network: string | undefined;
  /** Beside the volume and what is in memory. */
  mounts: MountSettings[];
  /** What it is called when it cannot be had. */
  failure: Extract<ProblemCode, 'capture-failed' | 'engine-failed'>;
}

const port = 5432;
const attemptEveryMs = 20;
/** Nobody is at the address of a container that has ended, which takes the kernel three seconds to say. */
const attemptMs = 2000;
/** Of a user or a password, for good. */
const refusals: unknown[] = ['28000', '28P01'];
/** The engine needs longer to say how a container does than Postgres to refuse a connection. */
const lookEveryMs = 200;
export const relayMount = '/run/greenroom-source';
/** In memory: schema text may hold personal data, in defaults, checks and partition bounds. */
export const scratch = '/run/greenroom-scratch';

/**
 * Loading is not crash-safe on purpose (fsync off): a broken-off capture is thrown away whole. Values never reach a log:
 * statements are not logged even when they fail, and the container's output is kept nowhere.
 */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  shared_buffers: '256MB',
  maintenance_work_mem: '256MB',
  max_parallel_maintenance_workers: '2',
  listen_addresses: '*',
  logging_collector: 'off',
  log_min_messages: 'fatal',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_statement: 'none',
  log_min_duration_statement: '-1',
  archive_mode: 'off',
};

/** An image's own content of the folder is left out. */
const notCopied = { NoCopy: true, DriverConfig: {} as never, Labels: {} };

/** What a stock entrypoint needs to own its volume and to become the user that Postgres runs as. */
const entrypointCapabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'];

export interface Target {
  host: Host;
  spec: TargetSpec;
  /** What worker threads connect with: its address, so that none of them loads the engine's client. */
  login: TargetLogin;
  /** Where it has no network. */
  folder: SocketFolder | undefined;
}

/** Starts it on a new volume and waits until it takes connections. */
export async function startTarget(host: Host, spec: TargetSpec, signal: AbortSignal): Promise<Target> {
  return untilItAnswers(await createTarget(host, spec), signal);
}

/** Starts its container on a new volume. What a broken-off attempt left is removed first. */
export async function createTarget(host: Host, spec: TargetSpec): Promise<Target> {
  await removeTarget(host, spec);
  await createVolume(host, spec.volume, spec.volumeLabels);
  const { Id: image, Config: config } = await host.docker.getImage(spec.image).inspect();
  const kept = await emptyClusterOf(host, { ...spec, image });
  const { password } = kept;
  const entrypoint = initialisingFirst(config.Entrypoint);
  const folder = spec.network === undefined ? await openSocketFolder(spec.volume) : undefined;
  const container = await host.docker.createContainer({
    name: spec.container,
    Image: image,
    ...(entrypoint ? { Entrypoint: entrypoint } : {}),
    Cmd: [
      'postgres',
      ...Object.entries({ ...settings, ...folder?.settings }).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    Env: [
      `POSTGRES_USER=${spec.superuser}`,
      `POSTGRES_PASSWORD=${password}`,
      'POSTGRES_DB=postgres',
      `PGDATA=${spec.pgdata}`,
      // All of it is synced in the end, by finishTarget.
      `POSTGRES_INITDB_ARGS=${[spec.initdbArgs, '--no-sync'].filter(Boolean).join(' ')}`,
    ],
    Labels: spec.containerLabels,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: spec.network ?? 'none',
      Mounts: [
        { Type: 'volume', Source: spec.volume, Target: spec.mountTarget, VolumeOptions: notCopied },
        {
          Type: 'volume',
          Source: kept.volume,
          Target: emptyClusterMount,
          VolumeOptions: { ...notCopied, Labels: kept.labels },
        },
        ...(folder ? [folder.mount] : []),
        ...spec.mounts,
      ],
      // The image's own init scripts are the application's affair: what is to be in the snapshot comes from the source.
      Tmpfs: { [scratch]: 'rw,mode=0700', '/tmp': 'rw,mode=1777', '/docker-entrypoint-initdb.d': 'ro,size=64k' },
      // What a schema brings runs as its superuser: constraints that call functions, above all.
      CapDrop: ['ALL'],
      CapAdd: entrypointCapabilities,
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: 1000,
      // A core dump lies in PGDATA, which is in the volume, or where the engine's machine puts it.
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      LogConfig: { Type: 'none', Config: {} },
      ShmSize: 256 << 20,
    },
  });
  await container.start();
  return {
    host,
    spec,
    folder,
    login: { user: spec.superuser, password, host: folder?.path ?? (await address(host, spec)), port },
  };
}

async function address(host: Host, spec: TargetSpec): Promise<string> {
  return addressOf(host, spec.container).catch(async (error) => {
    await refuseEnded(host, spec);
    throw error;
  });
}

/** @returns the target with a password of its own. @throws Problem `spec.failure` where it does not answer. */
export async function untilItAnswers(target: Target, signal: AbortSignal): Promise<Target> {
  const { host, spec, login } = target;
  const deadline = Date.now() + 120_000;
  for (let lookedAt = 0; ; ) {
    signal.throwIfAborted();
    if (Date.now() - lookedAt >= lookEveryMs) {
      await refuseEnded(host, spec);
      lookedAt = Date.now();
    }
    try {
      const own = await ownLogin(login);
      await target.folder?.close();
      return { ...target, login: own };
    } catch (error) {
      const refused = refusals.includes((error as { code?: unknown }).code);
      if (refused || Date.now() > deadline) {
        throw new Problem(spec.failure, `The new Postgres does not answer: ${messageOf(error)}`, {
          where: spec.image,
          ...(refused ? { remedy: 'Check what POSTGRES_INITDB_ARGS says of users and passwords.' } : {}),
        });
      }
      await new Promise((resolve) => setTimeout(resolve, attemptEveryMs));
    }
  }
}

/** @throws what the server answers, or Error where it is one that an entrypoint has for a moment. */
async function ownLogin(login: TargetLogin): Promise<TargetLogin> {
  const client = await connectLogin(login, 'postgres', attemptMs);
  try {
    const { rows } = await client.query<{ listen_addresses: string }>('SHOW listen_addresses');
    if (rows[0]!.listen_addresses === '') throw new Error('It is still being initialised');
    const password = randomBytes(24).toString('hex');
    await client.query(`ALTER ROLE CURRENT_USER PASSWORD ${literal(password)}`);
    return { ...login, password };
  } finally {
    await client.end().catch(() => {});
  }
}

/** Says why, where it no longer runs. */
async function refuseEnded(host: Host, spec: TargetSpec): Promise<void> {
  const { State: state } = await host.docker.getContainer(spec.container).inspect();
  if (state.Running) return;
  throw new Problem(spec.failure, `The new Postgres exited with code ${state.ExitCode}`, {
    where: spec.image,
    remedy: 'Check that the image is a stock Postgres image and that its volume can be written.',
  });
}

export function connectTarget({ login }: Pick<Target, 'login'>, database: string): Promise<pg.Client> {
  return connectLogin(login, database);
}

/** In a session of its own, which is ended. */
export async function onTarget<T>(
  target: Target,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connectTarget(target, database);
  return work(client).finally(() => client.end().catch(() => {}));
}

/** Runs a program of the image in the container, as root so that it may use the relay's socket. */
export async function runInTarget(
  target: Target,
  command: string[],
  environment: Record<string, string>,
  signal: AbortSignal,
) {
  return exec(target.host, target.spec.container, { command, environment, user: '0', signal });
}

/**
 * Has what was written go to the disk while others only read: `finishTarget` has the rest to wait for. A disk that fails
 * says so once, to whoever syncs then, so that a failure of this one is the capture's.
 */
export async function writeAhead(target: Target, database: string, signal: AbortSignal): Promise<void> {
  await onTarget(target, database, (client) => client.query('CHECKPOINT'));
  await syncVolume(target, signal);
}

async function syncVolume({ host, spec }: Target, signal?: AbortSignal): Promise<void> {
  const synced = await runInHelper(host, ['sync', '-f', await pathInHelper(host, spec.volume)], signal);
  if (synced.exitCode === 0) return;
  throw new Problem(spec.failure, `What was written does not reach the disk: ${synced.stderr.trim()}`, {
    where: host.name,
    remedy: 'Look in the kernel’s log of the engine’s machine for what its disk failed of.',
  });
}

/** Shuts it down cleanly and leaves nothing but the volume, its content on the disk. */
export async function finishTarget(target: Target): Promise<void> {
  const { host, spec } = target;
  const container = host.docker.getContainer(spec.container);
  await ifPresent(container.kill({ signal: 'SIGINT' }));
  const { StatusCode: code } = (await container.wait()) as { StatusCode: number };
  if (code !== 0) throw new Problem(spec.failure, `The new Postgres did not shut down cleanly (exit code ${code})`);
  // Written with fsync off, so it is still in memory only.
  await Promise.all([ifPresent(container.remove({ v: true })), removeSocketFolder(spec.volume), syncVolume(target)]);
}

/**
 * Ends it as soon as the signal aborts, and with it every statement that it is at, which may be one that never ends: the
 * source's own functions are called by its views, constraints and indexes. Nobody waits for it here, nor is told when it
 * fails: whoever asked for the statement removes what is left.
 *
 * @returns what lets it be again.
 */
export function endWith(signal: AbortSignal, { host, spec }: Target): () => void {
  const end = () => void removeContainer(host.docker.getContainer(spec.container)).catch(() => {});
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  return () => signal.removeEventListener('abort', end);
}

/** Removes container and volume, whatever state they are in. */
export async function removeTarget(
  host: Pick<Host, 'docker'>,
  spec: Pick<TargetSpec, 'container' | 'volume'>,
): Promise<void> {
  await removeContainer(host.docker.getContainer(spec.container));
  await removeVolume(host, spec.volume);
  await removeSocketFolder(spec.volume);
}

/** PGDATA below the volume's root. */
export function dataPathOf({ pgdata, mountTarget }: Pick<TargetSpec, 'pgdata' | 'mountTarget'>): string {
  return pgdata.slice(mountTarget.replace(/\/$/, '').length + 1);
}
