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

/** One line a file: checksum, size, name. What is no plain file has a line without checksum. */
const list = `set -eu; cd "$1"
find . -mindepth 1 ! -type d ! -type f -exec echo '- 0 {}' \\;
find . -type f | LC_ALL=C sort | while IFS= read -r file; do
  sum=$(sha256sum < "$file"); echo "\${sum%% *} $(stat -c %s "$file") $file"
done; sync -f .`;

/** Reads every file of a dump to its end. */
export async function readFiles(host: Host, volume: string, signal?: AbortSignal): Promise<Files> {
  const path = `${await pathInHelper(host, volume)}/${dumpFolder}`;
  const { exitCode, stdout, stderr } = await runInHelper(host, ['sh', '-c', list, 'sh', path], signal);
  if (exitCode !== 0) throw new Problem('engine-failed', `The dump cannot be read: ${stderr.trim().slice(-300)}`);
  const files: Files = {};
  for (const line of stdout.split('\n').filter(Boolean)) {
    const [sha256, sizeBytes, ...name] = line.split(' ');
    files[name.join(' ').replace(/^\.\//, '')] = { sha256: sha256!, sizeBytes: Number(sizeBytes) };
  }
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
