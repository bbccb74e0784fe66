import { pathInHelper, runInHelper } from '../../engine/helper.ts';
import type { Host } from '../../engine/host.ts';
import { nameOf } from '../../engine/labels.ts';
import { type Mistake, Problem } from '../../errors.ts';
import type { Roles } from '../../snapshots/roles.ts';

/** A dump: the files that `pg_dump` in directory format wrote, and what of the cluster it needs. */
export interface Manifest {
  files: Files;
  roles: Roles;
}

/** By name. */
export type Files = Record<string, { sizeBytes: number; sha256: string }>;

/** Where in its volume the dump is: pg_dump makes the folder. */
export const dumpFolder = 'dump';

export function dumpVolumeOf(installation: string, backup: string): string {
  return nameOf(installation, backup, 'dump');
}

export function sizeOf({ files }: Pick<Manifest, 'files'>): number {
  return Object.values(files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** A line with the checksum of each file, and one with its size; what is no plain file has the latter alone. */
const list = `set -eu; cd "$1"
find . -type f -exec sha256sum {} +
find . -mindepth 1 ! -type d -exec stat -c 'size %s %n' {} +
sync -f .`;

/** Reads every file of a dump to its end. There may be very many: each large object is one. */
export async function readFiles(host: Host, volume: string, signal?: AbortSignal): Promise<Files> {
  const path = `${await pathInHelper(host, volume)}/${dumpFolder}`;
  const files: Files = {};
  const onLine = (line: string) => {
    const [, size, sha256, name] = /^(?:size (\d+)|([0-9a-f]{64})) {1,2}\.\/(.*)$/.exec(line) ?? [];
    if (name === undefined) return;
    files[name] ??= { sizeBytes: -1, sha256: '' };
    if (sha256) files[name].sha256 = sha256;
    else files[name].sizeBytes = Number(size);
  };
  const { exitCode, stderr } = await runInHelper(host, ['sh', '-c', list, 'sh', path], signal, onLine);
  if (exitCode !== 0) throw new Problem('engine-failed', `The dump cannot be read: ${stderr.trim().slice(-300)}`);
  return files;
}

/** Every file that is missing, too much, or not byte for byte what it was. */
export function damageIn(expected: Files, found: Files): Mistake[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...names].sort().flatMap((name): Mistake[] => {
    const [was, is] = [expected[name], found[name]];
    if (!is) return [{ where: name, what: 'the file is missing' }];
    if (!was) return [{ where: name, what: 'the file is none of the dump' }];
    if (was.sizeBytes !== is.sizeBytes)
      return [{ where: name, what: `the file has ${is.sizeBytes} bytes instead of ${was.sizeBytes}` }];
    return was.sha256 === is.sha256 ? [] : [{ where: name, what: 'the file’s checksum is another' }];
  });
}
