import type { Readable } from 'node:stream';
import { removeContainer } from './containers.ts';
import type { Host } from './host.ts';
import { ensureImage } from './images.ts';

const folder = '/volume';

/**
 * Runs `work` with a container that never runs and has a volume, through which the engine hands the volume's files out
 * and takes files in. Safe to repeat under the same name.
 */
async function withVolume<T>(
  host: Host,
  volume: string,
  named: { name: string; labels: Record<string, string> },
  work: (container: ReturnType<Host['docker']['getContainer']>) => Promise<T>,
): Promise<T> {
  const { Id: image } = await ensureImage(host, host.helperImage);
  await removeContainer(host.docker.getContainer(named.name));
  const container = await host.docker.createContainer({
    name: named.name,
    Image: image,
    Labels: named.labels,
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: volume, Target: folder, VolumeOptions: { NoCopy: true } as never }],
    },
  });
  try {
    return await work(container);
  } finally {
    await removeContainer(container);
  }
}

/** Hands a volume's files to `work` as a tar stream, their names relative to its root. */
export function readVolume<T>(
  host: Host,
  volume: string,
  named: { name: string; labels: Record<string, string> },
  work: (archive: Readable) => Promise<T>,
): Promise<T> {
  return withVolume(host, volume, named, async (container) =>
    work((await container.getArchive({ path: `${folder}/.` })) as unknown as Readable),
  );
}

/**
 * Unpacks a tar stream into a volume. The engine lets nothing out of it; what may be in it is the caller's to check.
 * @throws when the stream is destroyed before its end
 */
export function fillVolume(
  host: Host,
  volume: string,
  named: { name: string; labels: Record<string, string> },
  archive: Readable,
): Promise<void> {
  // The engine would wait for the rest.
  const broken = new AbortController();
  let ended = false;
  archive.once('end', () => {
    ended = true;
  });
  archive.once('close', () => ended || broken.abort(new Error('the archive was broken off')));
  return withVolume(host, volume, named, async (container) => {
    await container.putArchive(archive as never, { path: folder, abortSignal: broken.signal } as never);
  });
}
