import { createHash, randomBytes } from 'node:crypto';
import { type Host, ifPresent, isStatus } from '../../engine/host.ts';
import { label, labelFilter, labelsOf, nameOf } from '../../engine/labels.ts';
import { createVolume, removeVolume } from '../../engine/volumes.ts';

/** What decides how an image initialises a cluster. */
export interface ClusterSpec {
  /** Its id: a name may be another's tomorrow. */
  image: string;
  superuser: string;
  initdbArgs: string | undefined;
}

/** A volume for what an image makes of an empty one, which the first who makes it leaves there for all others. */
export interface EmptyCluster {
  volume: string;
  /** Where it was removed meanwhile, it is made anew with them. */
  labels: Record<string, string>;
  /** Its superuser's, until a server that runs on a copy has been told another one, which is before it is told anything else. */
  password: string;
}

/** Whether anything is in the volume yet is seen where it is mounted (`initialise.ts`). */
export async function emptyClusterOf(host: Host, { image, superuser, initdbArgs }: ClusterSpec): Promise<EmptyCluster> {
  const made = createHash('sha256')
    .update(JSON.stringify([image, superuser, initdbArgs]))
    .digest('hex');
  const volume = nameOf(host.installation, 'cluster', made.slice(0, 16));
  const more = { [label.image]: image, [label.password]: randomBytes(24).toString('hex') };
  // Nothing happens where there is one.
  await createVolume(host, volume, labelsOf(host.installation, 'cluster', more));
  const { Labels } = await host.docker.getVolume(volume).inspect();
  const labels = Labels!;
  return { volume, labels, password: labels[label.password]! };
}

/** Removes those of images that the engine does not have any more. */
export async function removeStaleClusters(host: Host): Promise<void> {
  const filters = labelFilter(labelsOf(host.installation, 'cluster')) as never;
  const { Volumes: volumes } = await host.docker.listVolumes({ filters });
  for (const { Name, Labels } of volumes ?? []) {
    if (await ifPresent(host.docker.getImage(Labels[label.image]!).inspect())) continue;
    await removeVolume(host, Name).catch((error) => {
      // A container of the image that was removed by force still has it.
      if (!isStatus(error, 409)) throw error;
    });
  }
}
