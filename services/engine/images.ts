import type { ImageInspectInfo } from 'dockerode';
import { messageOf, Problem } from '../errors.ts';
import { type Host, ifPresent } from './host.ts';

/**
 * Makes sure that the engine has an image and says which one it is.
 *
 * Progress comes through `followProgress`: waiting for the stream's end alone swallows the errors in it.
 * @throws Problem `image-unavailable` naming the image and what the engine answered.
 */
export async function ensureImage(
  host: Pick<Host, 'docker'>,
  reference: string,
  onProgress: (line: string) => void = () => {},
): Promise<ImageInspectInfo> {
  const present = await ifPresent(host.docker.getImage(reference).inspect());
  if (present) return present;
  onProgress(`pulling ${reference}`);
  try {
    const stream = await host.docker.pull(reference);
    await new Promise<void>((resolve, reject) => {
      host.docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
    });
    return await host.docker.getImage(reference).inspect();
  } catch (error) {
    throw new Problem(
      'image-unavailable',
      `The engine has no image ${reference} and could not pull it: ${messageOf(error)}`,
      {
        where: reference,
        remedy: 'Check the name and tag, that the registry can be reached from the host, and its credentials.',
        cause: error,
      },
    );
  }
}

/** The image id of each of these services. @throws Problem `image-unavailable` */
export async function imageIdsOf(
  host: Pick<Host, 'docker'>,
  services: { name: string; image: string }[],
  onProgress: (line: string) => void,
): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const { name, image } of services) ids[name] = (await ensureImage(host, image, onProgress)).Id;
  return ids;
}

const registryTimeoutMs = 10_000;

/**
 * The very image that a reference names now, so that a tag that moves later changes nothing: by digest, or by image id
 * where it is in no registry. A reference with a registry's host in it is asked there first, any other on the engine.
 * Undefined when neither knows it.
 */
export async function resolveImage(host: Pick<Host, 'docker'>, reference: string): Promise<string | undefined> {
  if (/^sha256:|@sha256:/.test(reference)) return reference;
  const repository = reference.replace(/:[^:/]*$/, '');
  const [first = ''] = reference.split('/');
  const namesRegistry = reference.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const inRegistry = async () => {
    const image = host.docker.getImage(reference);
    try {
      const answer = await image.distribution({ abortSignal: AbortSignal.timeout(registryTimeoutMs) });
      return `${repository}@${(answer as { Descriptor: { digest: string } }).Descriptor.digest}`;
    } catch {
      // Not there, not allowed or not to be reached: whoever needs the image says which when it pulls.
      return undefined;
    }
  };
  const onEngine = async () => {
    const present = await ifPresent(host.docker.getImage(reference).inspect());
    return present?.RepoDigests?.find((digest) => digest.startsWith(`${repository}@`)) ?? present?.Id;
  };
  return namesRegistry ? ((await inRegistry()) ?? onEngine()) : ((await onEngine()) ?? inRegistry());
}
