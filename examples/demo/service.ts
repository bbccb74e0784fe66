import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeInstallation } from '../../services/engine/clean-up.ts';
import { connectDocker, ifPresent } from '../../services/engine/host.ts';

const main = join(import.meta.dirname, '../../api/main.ts');

export interface DemoService {
  url: string;
  token: string;
  logFile: string;
  /** Stops the service and removes its database and everything else it has on the engine. */
  remove(): Promise<void>;
}

/**
 * Starts a live greenroom of the demo's own, or finds the one that an earlier demo left running.
 * @param once a throwaway one, apart from any other.
 */
export async function startService(once: boolean): Promise<DemoService> {
  const { home, container } = placeOf(once);
  const logFile = join(home, 'greenroom.log');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const kept = await readKept(home);
  if (kept && (await answers(kept.url))) return { ...kept, logFile, remove: () => remove(kept.pid, container, home) };
  // Without its token a database of an earlier demo is of no use.
  if (!kept) await removeDatabase(container);

  const port = once ? await freePort() : 7070;
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, ['--liftoff-only', main], {
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      MALLOC_ARENA_MAX: '2',
      DATABASE_URL: '',
      GREENROOM_HOME: home,
      GREENROOM_DB_CONTAINER: container,
      GREENROOM_PORT: String(port),
    },
  });
  closeSync(log);
  child.unref();
  const url = `http://localhost:${port}`;
  for (const deadline = Date.now() + 90_000; !(await answers(url)); ) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`greenroom did not start:\n${(await readFile(logFile, 'utf8')).slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const token = kept?.token ?? (await tokenIn(logFile));
  await writeFile(join(home, 'demo.json'), JSON.stringify({ url, token, pid: child.pid }), { mode: 0o600 });
  return { url, token, logFile, remove: () => remove(child.pid!, container, home) };
}

/** Takes down what a demo left running; nothing to do is fine. */
export async function removeService(): Promise<void> {
  const { home, container } = placeOf(false);
  const kept = await readKept(home);
  if (kept) await remove(kept.pid, container, home);
}

/** A throwaway one is apart from any other; the other one is found again. */
function placeOf(once: boolean): { home: string; container: string } {
  const id = randomUUID().slice(0, 8);
  if (once) return { home: join(tmpdir(), `greenroom-demo-${id}`), container: `greenroom-demo-${id}-db` };
  const state = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state');
  return { home: join(state, 'greenroom-demo'), container: 'greenroom-demo-db' };
}

async function readKept(home: string): Promise<{ url: string; token: string; pid: number } | undefined> {
  const file = join(home, 'demo.json');
  return existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : undefined;
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** The first token is shown once, on standard output, a moment after the service answers. */
async function tokenIn(logFile: string): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const token = /shown once: (gr_\S+)/.exec(await readFile(logFile, 'utf8'))?.[1];
    if (token) return token;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`greenroom showed no first token; see ${logFile}`);
}

async function remove(pid: number, container: string, home: string): Promise<void> {
  const installation = /"installation":"(\w+)"/.exec(await readFile(join(home, 'greenroom.log'), 'utf8'))?.[1];
  try {
    process.kill(pid, 'SIGTERM');
    for (let attempt = 0; attempt < 100; attempt++) {
      process.kill(pid, 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  if (installation) await removeInstallation(connectDocker(), installation);
  await removeDatabase(container);
  await rm(home, { recursive: true, force: true });
}

async function removeDatabase(container: string): Promise<void> {
  const docker = connectDocker();
  await ifPresent(docker.getContainer(container).remove({ force: true, v: true }));
  await ifPresent(docker.getVolume(container).remove({ force: true }));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
