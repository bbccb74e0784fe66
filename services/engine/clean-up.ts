import type Docker from 'dockerode';
import { removeContainer } from './containers.ts';
import { ifPresent } from './host.ts';
import { label, labelFilter } from './labels.ts';

/** Removes everything an installation has on an engine, helper and work network included; for when it is given up. */
export async function removeInstallation(docker: Docker, installation: string): Promise<void> {
  const filters = labelFilter({ [label.installation]: installation });
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => removeContainer(docker.getContainer(Id))));
  const { Volumes: volumes } = await docker.listVolumes({ filters: filters as never });
  await Promise.all((volumes ?? []).map(({ Name }) => ifPresent(docker.getVolume(Name).remove({ force: true }))));
  const networks = await docker.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => ifPresent(docker.getNetwork(Id).remove())));
}
