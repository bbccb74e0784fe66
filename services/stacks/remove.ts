import { removeContainer } from '../engine/containers.ts';
import { type Host, ifPresent } from '../engine/host.ts';
import { label, labelFilter, labelsOf } from '../engine/labels.ts';
import { removeVolume } from '../engine/volumes.ts';

/**
 * Removes what a stack has on its engine, found by label: containers (all at once), then networks and volumes.
 * Safe to repeat.
 */
export async function removeStackResources(host: Host, stack: string, what: { networks: boolean }): Promise<void> {
  const filters = labelFilter(labelsOf(host.installation, 'stack', { [label.stack]: stack }));
  const containers = await host.docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => removeContainer(host.docker.getContainer(Id))));
  const { Volumes: volumes } = await host.docker.listVolumes({ filters: filters as never });
  await Promise.all((volumes ?? []).map(({ Name }) => removeVolume(host, Name)));
  if (!what.networks) return;
  const networks = await host.docker.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => ifPresent(host.docker.getNetwork(Id).remove())));
}

/** The stacks that have anything on the engine. */
export async function stacksOnEngine(host: Host): Promise<Set<string>> {
  const filters = labelFilter(labelsOf(host.installation, 'stack'));
  const [containers, { Volumes: volumes }, networks] = await Promise.all([
    host.docker.listContainers({ all: true, filters }),
    host.docker.listVolumes({ filters: filters as never }),
    host.docker.listNetworks({ filters }),
  ]);
  const things = [...containers, ...(volumes ?? []), ...networks];
  return new Set(things.flatMap(({ Labels }) => Labels?.[label.stack] ?? []));
}
