import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { removeContainer } from '../../engine/containers.ts';
import { exec } from '../../engine/exec.ts';
import { type Host, ifPresent } from '../../engine/host.ts';
import { messageOf, Problem } from '../../errors.ts';

/** Where a dump lies, in memory, as long as it is needed: a container of the project's own Postgres image that can reach nobody. */
export interface RoomSpec {
  host: Host;
  container: string;
  image: string;
  labels: Record<string, string>;
  /** One that no way leads out of. */
  network: string;
  /** How large a dump may be. */
  limitBytes: number;
}

const folder = '/dump';
/** The dump: a file, or the folder that pg_dump made. */
export const archivePath = `${folder}/archive`;
/** Of the server that its schema is restored into. */
export const dataPath = `${folder}/data`;
/** For that server, and for pg_restore. */
const spareBytes = 1 << 30;

/**
 * Takes the dump from its standard input, which ends when greenroom does, too: only one that greenroom keeps then stays.
 * Nothing is here longer than an operation may take.
 */
const receive = `umask 077
if [ "$1" = directory ]; then mkdir ${archivePath} && tar -x -C ${archivePath} -f -; else cat >${archivePath}; fi || exit 1
touch ${folder}/received
for second in $(seq 30); do [ -e ${folder}/kept ] && exec sleep 43200; sleep 1; done
exit 1`;
const untilReceived = `until [ -e ${folder}/received ]; do sleep 0.1; done`;

/**
 * Puts a dump into a new room: whole or not at all. It goes half a minute later, unless it is kept.
 * @param content a file, or a tar archive of plain files for `directory`
 */
export async function fillRoom(spec: RoomSpec, kind: 'file' | 'directory', content: Readable): Promise<void> {
  const { host, limitBytes } = spec;
  await removeRoom(spec);
  const memory = limitBytes + spareBytes;
  const container = await host.docker.createContainer({
    name: spec.container,
    Image: spec.image,
    Entrypoint: ['sh', '-c', receive, 'sh', kind],
    Cmd: [],
    User: 'postgres',
    Labels: spec.labels,
    StopSignal: 'SIGKILL',
    Healthcheck: { Test: ['NONE'] },
    ...{ OpenStdin: true, StdinOnce: true, AttachStdin: true },
    HostConfig: {
      NetworkMode: spec.network,
      AutoRemove: true,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Tmpfs: { [folder]: `rw,mode=1777,size=${memory}`, '/tmp': 'rw,mode=1777,size=16m' },
      // Without swap: memory that is swapped out is on a disk.
      Memory: memory + spareBytes,
      MemorySwap: memory + spareBytes,
      PidsLimit: 200,
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      LogConfig: { Type: 'none', Config: {} },
    },
  });
  try {
    const stdin = await container.attach({ stream: true, stdin: true, hijack: true });
    // What is written to a container that has ended is lost; that it has ended shows below.
    stdin.on('error', () => {});
    await container.start();
    await pipeline(content, stdin);
    const { exitCode, stderr } = await exec(host, spec.container, { command: ['sh', '-c', untilReceived] });
    if (exitCode !== 0) throw new Error(stderr.trim() || `it exited with code ${exitCode}`);
  } catch (error) {
    await removeContainer(container);
    if (error instanceof Problem) throw error;
    throw new Problem('engine-failed', `The dump could not be put into memory: ${messageOf(error)}`, {
      remedy: 'Check the free memory of the Docker engine’s machine.',
      cause: error,
    });
  }
}

/** Keeps the dump in it. @returns false when there is none */
export async function keepRoom({ host, container }: Pick<RoomSpec, 'host' | 'container'>): Promise<boolean> {
  const info = await ifPresent(host.docker.getContainer(container).inspect());
  if (!info?.State.Running) return false;
  const { exitCode } = await exec(host, container, {
    command: ['sh', '-c', `[ -e ${folder}/received ] && touch ${folder}/kept`],
  });
  return exitCode === 0;
}

export async function removeRoom({ host, container }: Pick<RoomSpec, 'host' | 'container'>): Promise<void> {
  await removeContainer(host.docker.getContainer(container));
}
