import type { StackPlan } from '../compose/plan.ts';
import { removeContainer } from '../engine/containers.ts';
import { DiskFull, explainFullDisk } from '../engine/disk.ts';
import { type Host, ifPresent } from '../engine/host.ts';
import type { CloneMode } from '../engine/volumes.ts';
import { messageOf, Problem, type ProblemDocument } from '../errors.ts';
import { comesBack } from '../operations/pause.ts';
import { type Build, dataVolumeOf, makeEmptyVolumes, makeNetworks, replaceData, start } from './build.ts';
import { dataMountOf, pgdataOf } from './data-mount.ts';
import { databaseService } from './database-service.ts';
import { volumeNameOf } from './names.ts';
import { removeStrangeNetworks, removeStrangers } from './stop.ts';

/**
 * Brings a stack's services to a plan: only those are made anew whose definition or image differs. What the plan does
 * not have goes first: it may hold the volumes that what is started needs. Safe to repeat.
 */
export async function switchServices(build: Build, images: Record<string, string>): Promise<void> {
  const { host, name, plan } = build;
  await removeStrangers(host, name, plan);
  await makeNetworks(build);
  await makeEmptyVolumes(build);
  await start(build, images);
  await removeStrangeNetworks(build.greenroom.pool, host, name, plan);
}

/**
 * Puts other data under a stack's database: every container that has its volume goes, and the volume becomes a clone of
 * `from`. Safe to repeat.
 */
export async function moveData(
  host: Host,
  stack: string,
  plan: StackPlan,
  from: string,
  signal: AbortSignal,
): Promise<CloneMode> {
  const data = (await dataVolumeOf(host, plan))!;
  const filters = { volume: [volumeNameOf(host.installation, stack, data)] };
  for (const { Id } of await host.docker.listContainers({ all: true, filters })) {
    const container = host.docker.getContainer(Id);
    await ifPresent(container.stop());
    await removeContainer(container);
  }
  return replaceData(host, stack, plan, data, from, signal);
}

/**
 * A release may not move the database's data: its database would start on an empty volume, or two servers on one.
 * @throws Problem `compose-invalid`
 */
export async function refuseMovedData(host: Host, before: StackPlan, plan: StackPlan): Promise<void> {
  const [was, is] = await Promise.all([before, plan].map((one) => placeOfData(host, one)));
  for (const key of Object.keys({ ...was, ...is })) {
    const [old, now] = [was![key] ?? 'none', is![key] ?? 'none'];
    if (old === now) continue;
    throw new Problem(
      'compose-invalid',
      `The release changes the ${key} of the stack's database from ${old} to ${now}`,
      {
        where: 'x-greenroom.database',
        remedy: 'Leave the data where it is, or create a new stack with this release.',
      },
    );
  }
}

async function placeOfData(host: Host, plan: StackPlan): Promise<Record<string, string>> {
  const service = databaseService(plan);
  if (!service) return {};
  const image = await host.docker.getImage(service.image).inspect();
  const { volume, target } = dataMountOf(service, image);
  return { service: service.name, volume, mount: target, 'data directory': pgdataOf(service, image) };
}

/**
 * Why something could not be taken back, for the stack's record.
 * @throws the error itself when it will be over by itself, or is a mistake of greenroom's own: that is tried again. A full
 * disk is over once somebody frees space; the file system itself gives back what was just removed a moment later.
 */
export async function whatBroke(host: Host, thrown: unknown): Promise<ProblemDocument> {
  if (comesBack(thrown)) throw thrown;
  const error = await explainFullDisk(host, thrown);
  if (comesBack(error) || error instanceof DiskFull) throw error;
  if (error instanceof Problem) return error.toDocument();
  // The engine answered, and no.
  if (typeof (error as { statusCode?: number }).statusCode === 'number')
    return new Problem('engine-failed', messageOf(error), {
      remedy: 'Restore a backup, or reset the stack.',
    }).toDocument();
  throw error;
}
