import { messageOf, Problem } from '../errors.ts';
import { withoutValues } from '../sources/errors.ts';
import { engineAwayIn } from './away.ts';
import { runInHelper } from './helper.ts';
import type { Host } from './host.ts';

/** The disk of the engine's volumes is full, or too small for what is asked. */
export class DiskFull extends Problem {
  constructor(detail: string, cause?: unknown) {
    super('engine-failed', detail, {
      remedy:
        'Free space there: delete snapshots and stacks that are not needed, remove images (docker image prune), or enlarge the disk. Then ask again.',
      cause,
    });
  }
}

/** With less than this a Postgres cannot even be initialised (16 MB of WAL, 25 MB of catalogs). */
const tooLittleBytes = 64 << 20;

/** What is free for volumes on the engine's disk. */
export async function freeBytes(host: Host): Promise<number> {
  const { DockerRootDir } = await host.docker.info();
  const command = ['stat', '-f', '-c', '%a %S', `${DockerRootDir}/volumes`];
  const { exitCode, stdout, stderr } = await runInHelper(host, command);
  if (exitCode !== 0) throw new Problem('engine-failed', `The free disk space cannot be read: ${stderr.trim()}`);
  const [blocks, size] = stdout.trim().split(' ').map(Number) as [number, number];
  return blocks * size;
}

/** Whether a message of the engine's, Postgres's or a tool's says that a disk is full. */
export function saysDiskIsFull(text: string): boolean {
  return /no space left on device/i.test(text);
}

/**
 * A full disk shows in many ways: a container that exits, a health check that fails, a connection that breaks. So every
 * failure is asked whether it is that one, before what was made is taken down and its space free again.
 * @returns DiskFull, EngineAway when the engine is gone by now, or the error itself.
 */
export async function explainFullDisk(host: Host, error: unknown): Promise<unknown> {
  if (error instanceof DiskFull) return error;
  const said = withoutValues(error);
  if (saysDiskIsFull(messageOf(error))) return new DiskFull(`The disk of the Docker engine is full: ${said}`, error);
  try {
    const free = await freeBytes(host);
    if (free >= tooLittleBytes) return error;
    return new DiskFull(
      `The disk of the Docker engine is full (${Math.floor(free / 2 ** 20)} MB are free): ${said}`,
      error,
    );
  } catch (unknown) {
    if (engineAwayIn(unknown)) return unknown;
    // The helper could not be started; where that is because of the disk, the engine says so.
    return saysDiskIsFull(messageOf(unknown))
      ? new DiskFull(`The disk of the Docker engine is full: ${messageOf(unknown)}`, error)
      : error;
  }
}
