import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const images = ['postgres:17', 'shop-backend:v0', 'shop-backend:v1', 'shop-frontend:v1'];
/** Sparse: it takes up only what is written to it. */
const diskBytes = 6 * 2 ** 30;
const cache = process.env.GREENROOM_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'greenroom');

/**
 * Makes a file system for an engine's data with the example's images in it. Loading them takes up to half a minute, so
 * it is done once for each set of images and kept in set-up's cache.
 *
 * @param withEngine starts an engine on `disk`, empty as it is, calls back with its DOCKER_HOST, and ends it.
 */
export async function diskWithImages(
  disk: string,
  withEngine: (load: (dockerHost: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const { stdout } = await run('docker', ['image', 'inspect', '--format', '{{.Id}}', ...images]);
  const prefix = 'engine-disk-';
  const kept = join(cache, `${prefix}${createHash('sha256').update(stdout).digest('hex').slice(0, 16)}.xfs`);
  if (existsSync(kept)) {
    await run('cp', ['--sparse=always', '--reflink=auto', kept, disk]);
    return;
  }
  await run('truncate', ['--size', String(diskBytes), disk]);
  await run('mkfs.xfs', ['-q', '-m', 'reflink=1', disk]);
  await withEngine(async (dockerHost) => {
    await run('sh', ['-c', `docker save ${images.join(' ')} | docker --host ${dockerHost} load`]);
  });
  await mkdir(cache, { recursive: true });
  for (const name of await readdir(cache)) if (name.startsWith(prefix)) await rm(join(cache, name), { force: true });
  // Under another name first: what is there under its own is whole.
  await run('cp', ['--sparse=always', disk, `${kept}.new`]);
  await rename(`${kept}.new`, kept);
}
