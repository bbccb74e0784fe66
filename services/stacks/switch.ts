import type { StackPlan } from '../compose/plan.ts';
import { removeContainer } from '../engine/containers.ts';
import type { Host } from '../engine/host.ts';
import type { CloneMode } from '../engine/volumes.ts';
import { type Build, dataVolumeOf, makeEmptyVolumes, makeNetworks, replaceData, start } from './build.ts';
import { databaseService } from './database-service.ts';
import { containerNameOf } from './names.ts';
import { removeStrangers } from './stop.ts';

/** Brings a stack's services to a plan: only those are made anew whose definition or image differs. Safe to repeat. */
export async function switchServices(build: Build, images: Record<string, string>): Promise<void> {
  const { host, name, plan } = build;
  await makeNetworks(build);
  await makeEmptyVolumes(build);
  await start(build, images);
  await removeStrangers(host, name, plan);
}

/** Puts other data under a stack's database: its container goes, its volume becomes a clone of `from`. Safe to repeat. */
export async function moveData(
  host: Host,
  stack: string,
  plan: StackPlan,
  from: string,
  signal: AbortSignal,
): Promise<CloneMode> {
  const database = databaseService(plan)!;
  await removeContainer(host.docker.getContainer(containerNameOf(host.installation, stack, database.name)));
  return replaceData(host, stack, plan, (await dataVolumeOf(host, plan))!, from, signal);
}
