import type pg from 'pg';
import type { ServicePlan, StackPlan } from '../compose/plan.ts';
import { query } from '../database/queries.ts';
import { explainFullDisk } from '../engine/disk.ts';
import type { Host } from '../engine/host.ts';
import { label } from '../engine/labels.ts';
import { ensureNetwork } from '../engine/subnets.ts';
import { type CloneMode, cloneVolume, createVolume } from '../engine/volumes.ts';
import type { Greenroom } from '../greenroom.ts';
import { isHandedOver } from '../operations/handover.ts';
import { checkFit } from '../snapshots/adopt.ts';
import type { TargetFacts } from '../snapshots/target.ts';
import { ensureContainer } from '../stacks/container.ts';
import { dataMountOf, pgdataOf } from '../stacks/data-mount.ts';
import { databaseService } from '../stacks/database-service.ts';
import { networkNameOf, stackLabels, volumeNameOf } from '../stacks/names.ts';
import { removeStackResources } from '../stacks/remove.ts';
import { connectDatabase, untilItAnswers } from './connect.ts';

/** A throwaway copy of a volume with the stack's own Postgres running on it, on a network without a way out. */
export interface Clone {
  name: string;
  host: Host;
  /** The database's container. */
  container: string;
  /** Where the server keeps its data in the container. */
  pgdata: string;
  mode: CloneMode;
  /** As superuser, to the section's database. */
  connect(): Promise<pg.Client>;
}

export interface CloneSpec {
  /** Unique in the installation; everything made carries it as its stack's name. */
  name: string;
  host: Host;
  plan: StackPlan;
  /** What is cloned: a snapshot or a backup. */
  of: { volume: string; facts: TargetFacts };
  /** Image ids by service. */
  images: Record<string, string>;
  signal: AbortSignal;
  /** Server settings on top of the service's own command. */
  settings?: Record<string, string>;
  /** Named volumes that other services on the clone's network need. */
  volumes?: string[];
}

const network = 'clone';

/** Makes the network of a clone. What a broken-off attempt left is removed first. */
export async function openClone(greenroom: Greenroom, { host, name }: Pick<CloneSpec, 'host' | 'name'>): Promise<void> {
  await removeClone(greenroom, host, name);
  await ensureNetwork(greenroom.pool, host, greenroom.settings.subnetRange, `stack:${name}`, {
    name: networkNameOf(host.installation, name, network),
    internal: true,
    labels: { ...stackLabels(host.installation, name), [label.network]: network },
  });
}

/**
 * Clones the volume and starts the server on it, on the network of an open clone.
 * @throws Problem `snapshot-incompatible`, `engine-failed`, `timed-out`
 */
export async function startClone(spec: CloneSpec): Promise<Clone> {
  const { host, name, plan, of, images, signal } = spec;
  const database = databaseService(plan)!;
  const image = await host.docker.getImage(images[database.name]!).inspect();
  const data = dataMountOf(database, image);
  const pgdata = pgdataOf(database, image);
  checkFit(of.facts, { image, reference: database.image, pgdata, target: data.target });

  const labels = stackLabels(host.installation, name);
  const ofServer = data.mounts.flatMap((mount) => (mount.type === 'volume' && mount.volume) || []);
  for (const volume of new Set([...ofServer, ...(spec.volumes ?? [])])) {
    if (volume !== data.volume) await createVolume(host, volumeNameOf(host.installation, name, volume), labels);
  }
  const target = volumeNameOf(host.installation, name, data.volume);
  const mode = await cloneVolume(host, of.volume, target, labels, { signal });

  const settings = Object.entries(spec.settings ?? {}).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const server = onCloneNetwork({
    ...database,
    mounts: data.mounts,
    command: [...(database.command ?? image.Config.Cmd ?? ['postgres']), ...settings],
    healthcheck: { test: ['NONE'] },
  });
  const container = await ensureContainer(host, name, server, images[database.name]!);
  await container.start();
  await untilItAnswers(host, container.id, signal);
  const section = plan.greenroom.database!;
  return {
    name,
    host,
    container: container.id,
    pgdata,
    mode,
    connect: () => connectDatabase(host, container.id, database, section.name),
  };
}

/** Removes everything a clone has on its engine. Safe to repeat. */
export async function removeClone(greenroom: Greenroom, host: Host, name: string): Promise<void> {
  await removeStackResources(host, name, { networks: true });
  await query(greenroom.pool, 'delete-subnets', [host.id, `stack:${name}`]);
}

/** Runs `work` on a clone that is gone afterwards. */
export function onClone<T>(greenroom: Greenroom, spec: CloneSpec, work: (clone: Clone) => Promise<T>): Promise<T> {
  return onOpenNetwork(greenroom, spec, async () => work(await startClone(spec)));
}

/** Runs `work` with a network without a way out, which is gone afterwards with everything that carries the name. */
export async function onOpenNetwork<T>(
  greenroom: Greenroom,
  spec: Pick<CloneSpec, 'host' | 'name' | 'signal'>,
  work: (network: string) => Promise<T>,
): Promise<T> {
  try {
    await openClone(greenroom, spec);
    return await work(networkNameOf(spec.host.installation, spec.name, network));
  } catch (error) {
    // Asked here, because the clone's own space is free again in a moment.
    throw spec.signal.aborted ? error : await explainFullDisk(spec.host, error);
  } finally {
    if (!isHandedOver(spec.signal)) await removeClone(greenroom, spec.host, spec.name);
  }
}

/** The service as it runs beside a clone: reachable under every name it has anywhere, and nothing else reachable from it. */
export function onCloneNetwork(service: ServicePlan): ServicePlan {
  return { ...service, restart: { policy: 'no' }, networks: [{ name: network, aliases: aliasesOf(service) }] };
}

/** Every name that a service has on any of its networks, beside its own. */
export function aliasesOf(service: ServicePlan): string[] {
  const aliases = new Set(service.networks.flatMap((attached) => attached.aliases));
  if (service.hostname) aliases.add(service.hostname);
  return [...aliases];
}
