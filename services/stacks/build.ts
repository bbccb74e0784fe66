import type { ImageInspectInfo } from 'dockerode';
import type { StackPlan } from '../compose/plan.ts';
import type { Host } from '../engine/host.ts';
import { ensureImage } from '../engine/images.ts';
import { composeLabel, label } from '../engine/labels.ts';
import { ensureNetwork } from '../engine/subnets.ts';
import { type CloneMode, cloneVolume, createVolume } from '../engine/volumes.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { migrateInSteps, type Task } from '../migrations/migrate-stack.ts';
import { listCloneOf } from '../migrations/runs.ts';
import { knownMigrations, statusOnStack } from '../migrations/status.ts';
import type { OperationContext } from '../operations/kind.ts';
import { deploymentPolicyOf } from '../projects/deployment-policy.ts';
import { adoptClone, checkFit } from '../snapshots/adopt.ts';
import { getSnapshotRow, type SnapshotRow } from '../snapshots/snapshot.ts';
import type { TargetFacts } from '../snapshots/target.ts';
import { dataMountOf, pgdataOf } from './data-mount.ts';
import { databaseService, superuserOf } from './database-service.ts';
import { networkNameOf, stackLabels, volumeNameOf } from './names.ts';
import { openPlan, type StackRow } from './stack.ts';
import { servicesToStart, startServices } from './start.ts';

/** What the steps that build or change a stack work on. */
export interface Build {
  greenroom: Greenroom;
  host: Host;
  name: string;
  row: StackRow;
  plan: StackPlan;
  /** Of the cluster in the data volume; undefined without a database. */
  facts: TargetFacts | undefined;
  context: Pick<OperationContext, 'signal' | 'progress' | 'log'>;
}

/** For changing a stack that there is: to another plan, or back to its own. */
export async function buildOf(
  greenroom: Greenroom,
  row: StackRow,
  plan: StackPlan,
  context: Build['context'],
): Promise<Build> {
  const snapshot = row.snapshot === null ? undefined : await getSnapshotRow(greenroom.pool, row.snapshot);
  const facts = snapshot?.report?.target;
  return { greenroom, host: hostOf(greenroom, row.host), name: row.name, row, plan, facts, context };
}

/** What came of it: how the data was cloned (null without data), and the image id of each service. */
export interface Built {
  cloneMode: CloneMode | null;
  images: Record<string, string>;
}

/** How long the migrator may take while a stack is built. */
const migrateTimeoutMs = 900_000;

/**
 * Builds a stack from its plan and a snapshot, step by step: images, networks, volumes, migrations where the stack asks
 * for them, services. Used to create a stack and to reset one. Every step is safe to repeat.
 */
export async function buildStack(
  greenroom: Greenroom,
  row: StackRow,
  snapshotId: string | undefined,
  context: OperationContext,
): Promise<Built> {
  const { name } = row;
  const host = hostOf(greenroom, row.host);
  const plan = openPlan(greenroom.sealer, row);
  const snapshot = snapshotId === undefined ? undefined : await getSnapshotRow(greenroom.pool, snapshotId);
  const build: Build = { greenroom, host, name, row, plan, facts: snapshot?.report?.target, context };

  const images = await context.step('images', () => resolveImages(build));
  await context.step('networks', () => makeNetworks(build));
  const cloneMode = await context.step('data', () => makeVolumes(build, snapshot));
  if (row.migrate === 'auto' && snapshot && plan.greenroom.migrations) {
    await context.step('database', () => startDatabase(build, images));
    await migrateNew(build, snapshot, images, context);
  }
  await context.step('services', () => start(build, images));
  return { cloneMode, images };
}

/** Brings new data to the release: what is pending is known first, so that a migrator that does nothing is found out. */
async function migrateNew(
  build: Build,
  snapshot: SnapshotRow,
  images: Record<string, string>,
  context: OperationContext,
): Promise<void> {
  const { greenroom, host, name, row, plan } = build;
  const asked = { host, plan, snapshot, images, timeoutMs: migrateTimeoutMs, signal: context.signal };
  const { applied, pending } = await context.step('migrations', async () => {
    context.progress('asking the migrator what it has');
    const known = await knownMigrations(greenroom, { ...asked, name: listCloneOf(name) });
    return statusOnStack(host, name, plan, known);
  });
  if (pending.length === 0) return context.log('no migration is pending');
  const timeouts = await deploymentPolicyOf(greenroom.pool, row.project);
  const options = { ...asked, timeouts, stack: name, run: context.id };
  const task: Task = { direction: 'up', migrations: pending, applied: [...applied, ...pending] };
  await migrateInSteps(greenroom, options, task, timeouts.lockRetries, context);
}

/** Image ids by service, the migrator's too: a stack whose migrations could not run later is not worth starting. */
export async function resolveImages({ host, plan, facts, context }: Build): Promise<Record<string, string>> {
  const references = [...new Set(plan.services.map(({ image }) => image))];
  context.progress('making sure of the images', 0, references.length);
  const found = new Map<string, ImageInspectInfo>();
  for (const reference of references) {
    context.signal.throwIfAborted();
    found.set(reference, await ensureImage(host, reference, context.log));
    context.progress('making sure of the images', found.size, references.length);
  }
  const database = databaseService(plan);
  if (database && facts) {
    const image = found.get(database.image)!;
    checkFit(facts, {
      image,
      reference: database.image,
      pgdata: pgdataOf(database, image),
      target: dataMountOf(database, image).target,
    });
  }
  return Object.fromEntries(plan.services.map(({ name, image }) => [name, found.get(image)!.Id]));
}

export async function makeNetworks({ greenroom, host, name, plan, context }: Build): Promise<void> {
  context.progress('making networks');
  for (const network of plan.networks) {
    const networkName = networkNameOf(host.installation, name, network.name);
    const range = greenroom.settings.subnetRange;
    await ensureNetwork(greenroom.pool, host, range, `stack:${name}`, {
      name: networkName,
      internal: network.internal,
      labels: {
        ...network.labels,
        ...stackLabels(host.installation, name),
        [label.network]: network.name,
        [composeLabel.network]: network.name,
      },
    });
  }
}

/** Empty volumes as the file declares them, and the database's as a clone of the snapshot. */
async function makeVolumes(build: Build, snapshot: SnapshotRow | undefined): Promise<CloneMode | null> {
  const { name, plan, context, host } = build;
  await makeEmptyVolumes(build);
  const data = await dataVolumeOf(host, plan);
  if (!data || !snapshot) return null;
  context.progress(`cloning ${snapshot.id}`);
  const startedAt = performance.now();
  const mode = await replaceData(host, name, plan, data, snapshot.volume, context.signal);
  context.log(`cloned ${snapshot.id} by ${mode} in ${Math.round(performance.now() - startedAt)} ms`);
  return mode;
}

/** The volumes that the file declares; those that are there stay as they are. */
export async function makeEmptyVolumes({ host, name, plan, facts }: Build): Promise<void> {
  const data = facts && (await dataVolumeOf(host, plan));
  for (const { name: volume } of plan.volumes) {
    if (volume === data) continue;
    await createVolume(host, volumeNameOf(host.installation, name, volume), labelsOfVolume(host, name, plan, volume));
  }
}

/** The volume with the database's data; undefined without a database. */
export async function dataVolumeOf(host: Host, plan: StackPlan): Promise<string | undefined> {
  const database = databaseService(plan);
  if (!database) return undefined;
  return dataMountOf(database, await host.docker.getImage(database.image).inspect()).volume;
}

/** Makes the data volume a clone of `from`; no container may have it. */
export function replaceData(
  host: Host,
  stack: string,
  plan: StackPlan,
  data: string,
  from: string,
  signal: AbortSignal,
): Promise<CloneMode> {
  const target = volumeNameOf(host.installation, stack, data);
  return cloneVolume(host, from, target, labelsOfVolume(host, stack, plan, data), { signal });
}

function labelsOfVolume(host: Host, stack: string, plan: StackPlan, volume: string): Record<string, string> {
  return {
    ...plan.volumes.find((declared) => declared.name === volume)?.labels,
    ...stackLabels(host.installation, stack),
    [label.volume]: volume,
    [composeLabel.volume]: volume,
  };
}

/** Starts the database alone, with the plan's own logins: the migrator uses those. */
export function startDatabase(build: Build, images: Record<string, string>): Promise<void> {
  const { plan } = build;
  return start({ ...build, plan: { ...plan, services: [databaseService(plan)!] } }, images);
}

/** Starts every service of the plan, the database first made the stack's own, and waits until all are up. */
export async function start(
  { host, name, row, plan, facts, context }: Build,
  images: Record<string, string>,
): Promise<void> {
  const total = servicesToStart(plan).length;
  let up = 0;
  await startServices({
    host,
    stack: name,
    plan: await withDataMount(host, plan, images),
    images,
    healthTimeoutMs: row.health_timeout_ms,
    signal: context.signal,
    log: context.log,
    onState(service, state) {
      context.log(`${service}: ${state}`);
      if (state === 'up') up += 1;
      context.progress(`${service}: ${state}`, up, total);
    },
    async adopt(container) {
      if (!facts) return;
      const section = plan.greenroom.database!;
      await adoptClone({
        host,
        container,
        facts,
        section,
        login: superuserOf(databaseService(plan)!),
        signal: context.signal,
      });
    },
  });
}

/** The database service's data gets a named volume even where the file leaves it anonymous. */
async function withDataMount(host: Host, plan: StackPlan, images: Record<string, string>): Promise<StackPlan> {
  const database = databaseService(plan);
  if (!database) return plan;
  const image = await host.docker.getImage(images[database.name]!).inspect();
  const { mounts } = dataMountOf(database, image);
  return {
    ...plan,
    services: plan.services.map((service) => (service === database ? { ...service, mounts } : service)),
  };
}
