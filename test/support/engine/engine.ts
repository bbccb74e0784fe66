import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { until } from '../service.ts';
import { diskWithImages } from './disk.ts';

const run = promisify(execFile);

/** A Docker engine of a test's own, which it may stop, kill and fill up; the machine's engine is left alone. */
export interface PrivateEngine {
  docker: Docker;
  /** What a greenroom on it is started with. */
  environment: { DOCKER_HOST: string; GREENROOM_SUBNET_RANGE: string };
  start(): Promise<void>;
  /** SIGTERM stops its containers, too; after SIGKILL they live on, and the next engine ends them. */
  stop(signal: 'TERM' | 'KILL'): Promise<void>;
  /** Ends engine and containers in one moment, as when the power fails. */
  crash(): Promise<void>;
  /** Takes up the disk of images and volumes until this much is free. */
  fill(freeBytes: number): Promise<void>;
  /** Gives back what `fill` took. */
  empty(): Promise<void>;
  /** Ends it with all it has, in whatever state it is. */
  remove(): Promise<void>;
}

/** Why no engine of a test's own can be started here; undefined when one can. */
export async function whyNoPrivateEngine(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'an engine of its own needs root on Linux';
  const programs = ['dockerd', 'containerd', 'docker', 'unshare', 'ip', 'iptables', 'mkfs.xfs'];
  const script =
    'PATH=$PATH:/usr/sbin:/sbin; for program; do command -v "$program" >/dev/null || echo "$program"; done';
  const { stdout } = await run('sh', ['-c', script, 'sh', ...programs]);
  return stdout ? `an engine of its own needs ${stdout.trim().split('\n').join(', ')}` : undefined;
}

/** Starts one that has the example's images. */
export async function startPrivateEngine(): Promise<PrivateEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'greenroom-engine-'));
  const disk = join(folder, 'disk.xfs');
  try {
    await diskWithImages(disk, async (load) => {
      const engine = await startOn(folder);
      try {
        await load(engine.environment.DOCKER_HOST);
        await engine.stop('TERM');
      } finally {
        await engine.end();
      }
    });
    const engine = await startOn(folder);
    return {
      ...engine,
      async remove() {
        await engine.end();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Starts an engine with its data on the folder's disk. */
async function startOn(folder: string) {
  const link = `gr${randomBytes(4).toString('hex')}`;
  const network = await freeNetwork();
  const script = join(import.meta.dirname, 'namespaces.sh');
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--mount-proc', '--kill-child=KILL'];
  const child = spawn('unshare', [...namespaces, script, folder, network], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'exit');
  const tell = async (command: string) => {
    child.stdin.write(`${command}\n`);
    const { done } = await answers.next();
    if (done) throw new Error(`The engine's namespaces have ended at “${command}”:\n${log()}`);
  };
  const log = () => readFileSync(join(folder, 'log'), { encoding: 'utf8', flag: 'a+' }).slice(-3000);
  const end = async () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await ended;
    // Mounts and loop device are given back a moment after the last process has ended.
    await until(async () => (await run('losetup', ['--associated', join(folder, 'disk.xfs')])).stdout === '');
    await removeCgroups(basename(folder));
  };
  const docker = new Docker({ socketPath: join(folder, 'socket') });
  const start = async () => {
    await tell('start');
    await until(() =>
      docker.ping().then(
        () => true,
        () => false,
      ),
    ).catch((error) => {
      throw new Error(`The engine does not answer: ${error.message}\n${log()}`);
    });
  };
  try {
    const inside = await firstChildOf(child.pid!);
    const ip = (...words: string[]) => run('ip', words);
    await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', inside);
    await ip('address', 'add', `${network}.128.1/30`, 'dev', link);
    await ip('link', 'set', link, 'up');
    await ip('route', 'add', `${network}.0.0/17`, 'via', `${network}.128.2`);
    child.stdin.write('connected\n');
    await start();
    const data = `/proc/${inside}/root${folder}/data`;
    return {
      docker,
      environment: {
        DOCKER_HOST: `unix://${join(folder, 'socket')}`,
        GREENROOM_SUBNET_RANGE: `${network}.0.0/18`,
      },
      start,
      stop: (signal: 'TERM' | 'KILL') => tell(`stop ${signal}`),
      crash: () => tell('crash'),
      async fill(freeBytes: number) {
        await mkdir(join(data, 'ballast'));
        // XFS gives the space of deleted files back a while later; whatever it still has to give is wanted now.
        await run('sync', ['--file-system', data]);
        const { bavail, bsize } = await statfs(data);
        let wanted = bavail * bsize - freeBytes;
        // Not everything that counts as free can be had in one piece, nor is all of it counted.
        if (freeBytes === 0) wanted = Number.MAX_SAFE_INTEGER;
        for (let piece = 2 ** 30, name = 0; wanted > 0 && piece >= bsize; name++) {
          const bytes = Math.min(piece, wanted);
          const got = await run('fallocate', ['--length', String(bytes), join(data, 'ballast', String(name))]).then(
            () => bytes,
            () => 0,
          );
          wanted -= got;
          if (got === 0) piece /= 2;
        }
      },
      empty: () => rm(join(data, 'ballast'), { recursive: true, force: true }),
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** The first of the networks 10.214 to 10.254 that no route of this machine leads to. */
async function freeNetwork(): Promise<string> {
  const { stdout } = await run('ip', ['-4', 'route', 'show', 'table', 'all']);
  for (let second = 214; second < 255; second++) if (!stdout.includes(`10.${second}.`)) return `10.${second}`;
  throw new Error('This machine has no free network among 10.214.0.0/16 to 10.254.0.0/16');
}

async function firstChildOf(pid: number): Promise<string> {
  let children = '';
  await until(async () => {
    children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
    return children !== '';
  });
  return children.split(' ')[0]!;
}

/** The control groups that killed containers leave, in every hierarchy. */
async function removeCgroups(name: string): Promise<void> {
  const removeTree = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
    await rmdir(folder).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
  };
  const roots = await readdir('/sys/fs/cgroup', { withFileTypes: true });
  for (const root of [...roots.filter((entry) => entry.isDirectory()).map((entry) => entry.name), '.']) {
    await removeTree(join('/sys/fs/cgroup', root, name));
  }
}
