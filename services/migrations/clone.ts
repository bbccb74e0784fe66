import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { ServicePlan, StackPlan } from '../compose/plan.ts';
import { query } from '../database/queries.ts';
import { containerStream } from '../engine/container-stream.ts';
import { exec } from '../engine/exec.ts';
import type { Host } from '../engine/host.ts';
import { label } from '../engine/labels.ts';
import { ensureNetwork } from '../engine/subnets.ts';
import { type CloneMode, cloneVolume, createVolume } from '../engine/volumes.ts';
import { Problem } from '../errors.ts';
import type { Greenroom } from '../greenroom.ts';
import { adoptClone, checkFit } from '../snapshots/adopt.ts';
import type { SnapshotRow } from '../snapshots/snapshot.ts';
import { ensureContainer } from '../stacks/container.ts';
import { dataMountOf, pgdataOf } from '../stacks/data-mount.ts';
import { networkNameOf, stackLabels, volumeNameOf } from '../stacks/names.ts';
import { removeStackResources } from '../stacks/remove.ts';

/** A throwaway copy of a snapshot with the stack's own Postgres on it, alone with the migrator on a network without a way out. */
export interface Clone {
  name: string;
  host: Host;
  /** The database's container. */
  container: string;
  /** The migrator as the file declares it, on the clone's network. */
  migrator: ServicePlan;
  migratorImage: string;
  mode: CloneMode;
  connect(): Promise<pg.Client>;
  /** The server's own log since it started: a JSON object a line, at most `logKeepBytes` from its end. */
  readLog(): Promise<string>;
}

export interface CloneSpec {
  /** Unique in the installation; everything made carries it as its stack's name. */
  name: string;
  host: Host;
  plan: StackPlan;
  snapshot: SnapshotRow;
  /** Image ids by service. */
  images: Record<string, string>;
  signal: AbortSignal;
}

/** greenroom's connections say so; any other session came from the migrator. */
export const ownApplicationName = 'greenroom rehearsal';

const network = 'rehearsal';
const logFolder = 'greenroom-log';
const logKeepBytes = 64 << 20;
const startTimeoutMs = 120_000;
const observe = readFileSync(join(import.meta.dirname, '../../sql/observe/observe.sql'), 'utf8');

/** On top of the service's own command. Each duration line of the log carries its statement. */
const logging = {
  logging_collector: 'on',
  log_destination: 'jsonlog',
  log_directory: logFolder,
  log_filename: 'greenroom.log',
  log_rotation_age: '0',
  log_rotation_size: '0',
  log_min_messages: 'log',
  log_min_duration_statement: '0',
  log_statement: 'none',
  log_connections: 'on',
  log_lock_waits: 'on',
};

/**
 * Clones, starts, adopts, and installs what observes. What a broken-off attempt left is removed first.
 * @throws Problem `snapshot-incompatible`, `engine-failed`
 */
export async function startClone(greenroom: Greenroom, spec: CloneSpec): Promise<Clone> {
  const { host, name, plan, snapshot, images, signal } = spec;
  await removeClone(greenroom, host, name);
  const section = plan.greenroom.database!;
  const database = plan.services.find((service) => service.name === section.service)!;
  const migrator = plan.services.find((service) => service.name === plan.greenroom.migrations!.service)!;
  const image = await host.docker.getImage(images[database.name]!).inspect();
  const data = dataMountOf(database, image);
  const facts = snapshot.report!.target;
  checkFit(facts, { image, reference: database.image, pgdata: pgdataOf(database, image), target: data.target });

  await ensureNetwork(greenroom.pool, host, greenroom.settings.subnetRange, `stack:${name}`, {
    name: networkNameOf(host.installation, name, network),
    internal: true,
    labels: { ...stackLabels(host.installation, name), [label.network]: network },
  });
  const labels = stackLabels(host.installation, name);
  const mounts = [...data.mounts, ...migrator.mounts];
  for (const volume of new Set(mounts.flatMap((mount) => (mount.type === 'volume' && mount.volume) || []))) {
    if (volume !== data.volume) await createVolume(host, volumeNameOf(host.installation, name, volume), labels);
  }
  const target = volumeNameOf(host.installation, name, data.volume);
  const mode = await cloneVolume(host, snapshot.volume, target, labels, signal);

  const server = onCloneNetwork({
    ...database,
    mounts: data.mounts,
    command: [
      ...(database.command ?? image.Config.Cmd ?? ['postgres']),
      ...Object.entries(logging).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    healthcheck: { test: ['NONE'] },
  });
  const container = await ensureContainer(host, name, server, images[database.name]!);
  await container.start();
  await untilItAnswers(host, container.id, signal);
  await adoptClone({ host, container: container.id, facts, section, environment: database.environment, signal });

  const connect = async () => {
    const client = new pg.Client({
      user: database.environment.POSTGRES_USER || 'postgres',
      password: database.environment.POSTGRES_PASSWORD,
      database: section.name,
      stream: containerStream(host, container.id, 5432),
      application_name: ownApplicationName,
      connectionTimeoutMillis: 10_000,
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const client = await connect();
  await client.query(observe).finally(() => client.end());
  return {
    name,
    host,
    container: container.id,
    migrator: onCloneNetwork(migrator),
    migratorImage: images[migrator.name]!,
    mode,
    connect,
    async readLog() {
      const file = `${pgdataOf(database, image)}/${logFolder}/greenroom.json`;
      const command = ['tail', '-c', String(logKeepBytes), file];
      const { exitCode, stdout, stderr } = await exec(host, container.id, { command, keepBytes: logKeepBytes, signal });
      if (exitCode === 0) return stdout;
      throw new Problem('engine-failed', `The rehearsal's log cannot be read: ${stderr.trim().slice(-300)}`);
    },
  };
}

/** Removes everything a clone has on its engine. Safe to repeat. */
export async function removeClone(greenroom: Greenroom, host: Host, name: string): Promise<void> {
  await removeStackResources(host, name, { networks: true });
  await query(greenroom.pool, 'delete-subnets', [host.id, `stack:${name}`]);
}

/** Reachable under every name it has on any of its networks, and nothing but the other reachable from it. */
function onCloneNetwork(service: ServicePlan): ServicePlan {
  const aliases = new Set(service.networks.flatMap((attached) => attached.aliases));
  if (service.hostname) aliases.add(service.hostname);
  return { ...service, restart: { policy: 'no' }, networks: [{ name: network, aliases: [...aliases] }] };
}

async function untilItAnswers(host: Host, container: string, signal: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + startTimeoutMs; ; ) {
    signal.throwIfAborted();
    const { State: state } = await host.docker.getContainer(container).inspect();
    if (!state.Running) {
      throw new Problem('snapshot-incompatible', `Postgres on the clone exited with code ${state.ExitCode}`, {
        where: 'x-greenroom.database',
        remedy: 'The image has to start on the snapshot with the command the file gives it.',
      });
    }
    const { exitCode } = await exec(host, container, { command: ['pg_isready', '-q'], signal });
    if (exitCode === 0) return;
    if (Date.now() > deadline)
      throw new Problem('timed-out', `Postgres on the clone does not answer after ${startTimeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
