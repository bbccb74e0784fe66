import { randomUUID } from 'node:crypto';
import { Problem } from '../errors.ts';
import { isHandedOver } from '../operations/handover.ts';
import { pathInHelper, runInHelper } from './helper.ts';
import { type Host, ifPresent } from './host.ts';
import { labelsOf, nameOf } from './labels.ts';

/** How the host's volumes are cloned: sharing blocks until they are written, or copied in full. */
export type CloneMode = 'reflink' | 'copy';

/** Every volume of greenroom's is made here, so that a pool can be put under them. */
export async function createVolume(host: Host, name: string, labels: Record<string, string>): Promise<void> {
  await host.docker.createVolume({ Name: name, Labels: labels });
}

export async function removeVolume(host: Pick<Host, 'docker'>, name: string): Promise<void> {
  await ifPresent(host.docker.getVolume(name).remove({ force: true }));
}

const cloneModes = new WeakMap<object, Promise<CloneMode>>();

/** Asks the host once whether its volumes can be reflinked: by doing it, not by guessing from the file system's name. */
export function cloneModeOf(host: Host): Promise<CloneMode> {
  let mode = cloneModes.get(host.docker);
  if (!mode) {
    mode = tryReflink(host);
    cloneModes.set(host.docker, mode);
    mode.catch(() => cloneModes.delete(host.docker));
  }
  return mode;
}

async function tryReflink(host: Host): Promise<CloneMode> {
  const name = nameOf(host.installation, 'probe', randomUUID().slice(0, 8));
  await createVolume(host, name, labelsOf(host.installation, 'probe'));
  try {
    const path = await pathInHelper(host, name);
    const script = 'head -c 65536 /dev/zero > "$1/a" && cp --reflink=always "$1/a" "$1/b"';
    const { exitCode } = await runInHelper(host, ['sh', '-c', script, 'sh', path]);
    return exitCode === 0 ? 'reflink' : 'copy';
  } finally {
    await removeVolume(host, name);
  }
}

/** A copy that a killed or cancelled attempt left running would go on into the same folder: it is ended first. */
const copy = `for process in /proc/[0-9]*; do
  if tr '\\0' '\\n' < "$process/cmdline" 2>/dev/null | grep -qxF "$2/"; then kill -9 "\${process#/proc/}"; fi
done
find "$2" -mindepth 1 -delete
LC_ALL=C exec cp -a "--reflink=$3" "$1/." "$2/"`;

export interface CloneOptions {
  signal?: AbortSignal;
  /** The source is in use: a file that goes away while it is copied is no failure. */
  live?: boolean;
}

/**
 * Makes `target` a copy-on-write copy of `source`: whole or not at all.
 *
 * `source` must not be written meanwhile, or whoever starts on the copy must be able to recover it (`live`). Safe to
 * repeat: what a broken-off attempt left is replaced.
 */
export async function cloneVolume(
  host: Host,
  source: string,
  target: string,
  labels: Record<string, string>,
  { signal, live = false }: CloneOptions = {},
): Promise<CloneMode> {
  const mode = await cloneModeOf(host);
  await removeVolume(host, target);
  await createVolume(host, target, labels);
  try {
    const [from, to] = await Promise.all([pathInHelper(host, source), pathInHelper(host, target)]);
    const reflink = mode === 'reflink' ? 'always' : 'auto';
    const { exitCode, stderr } = await runInHelper(host, ['sh', '-c', copy, 'sh', from, to, reflink], signal);
    if (exitCode !== 0 && !(live && onlyVanished(stderr))) {
      throw new Problem('engine-failed', `Cloning volume ${source} failed: ${stderr.trim().slice(-500)}`, {
        remedy: 'Check the free space of the engine’s data root.',
      });
    }
    return mode;
  } catch (error) {
    if (!isHandedOver(signal)) await removeVolume(host, target);
    throw error;
  }
}

/** Postgres drops relations, temporary files and old WAL while they are listed: cp names each and exits with 1. */
export function onlyVanished(stderr: string): boolean {
  const lines = stderr.trim().split('\n');
  return lines.every((line) => /^cp: cannot (stat|open) .*: No such file or directory$/.test(line));
}
