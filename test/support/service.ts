import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { type Client, createClient } from '../../examples/demo/client.ts';
import { removeInstallation } from '../../services/engine/clean-up.ts';
import { removeContainer } from '../../services/engine/containers.ts';
import { connectDocker, ifPresent } from '../../services/engine/host.ts';

export const docker = connectDocker();
const main = join(import.meta.dirname, '../../api/main.ts');

/** A live greenroom of a test file's own: its process, its database, its installation. */
export interface TestService extends Client {
  token: string;
  home: string;
  /** Its folder for temporary files. */
  temporary: string;
  port: number;
  installation: string;
  databaseContainer: string;
  /** Everything it has written so far. */
  output(): string;
  /** How often its process has been started; throws when it has ended by itself. */
  starts(): number;
  /** Of its process. */
  pid(): number;
  /** @returns its exit code; null when the signal ended it. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
  start(): Promise<void>;
  /** Stops it and removes all it has on the engine. */
  remove(): Promise<void>;
}

export async function startService(
  environment: Record<string, string> = {},
  /** The token of a service on the same database, whose first token is shown once only; the engine it is on. */
  known: { token?: string; docker?: Docker } = {},
): Promise<TestService> {
  const engine = known.docker ?? docker;
  const home = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  const temporary = join(home, 'tmp');
  await mkdir(temporary);
  const databaseContainer = `greenroom-test-${randomBytes(4).toString('hex')}-db`;
  const port = await freePort();
  let output = '';
  let child: ChildProcess;
  let starts = 0;
  const start = async () => {
    starts += 1;
    child = spawn(process.execPath, ['--liftoff-only', main], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        MALLOC_ARENA_MAX: '2',
        DATABASE_URL: '',
        TMPDIR: temporary,
        GREENROOM_HOME: home,
        GREENROOM_DB_CONTAINER: databaseContainer,
        GREENROOM_PORT: String(port),
        ...environment,
      },
    });
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout!.on('data', collect);
    child.stderr!.on('data', collect);
    const before = output.length;
    while (!output.slice(before).includes('greenroom listens')) {
      if (child.exitCode !== null) throw new Error(`greenroom did not start:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const kill = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    return (await ended)[0] as number | null;
  };
  await start();
  await until(() => known.token !== undefined || /shown once: gr_/.test(output));
  const token = known.token ?? /shown once: (gr_\S+)/.exec(output)![1]!;
  const installation = /"installation":"(\w+)"/.exec(output)![1]!;
  return {
    ...createClient(`http://127.0.0.1:${port}`, token),
    token,
    home,
    temporary,
    port,
    installation,
    databaseContainer,
    output: () => output,
    starts() {
      if (child.exitCode !== null) throw new Error(`greenroom has ended with code ${child.exitCode}:\n${output}`);
      return starts;
    },
    pid: () => child.pid!,
    kill,
    start,
    async remove() {
      await kill('SIGKILL');
      try {
        await removeInstallation(engine, installation);
        await removeContainer(engine.getContainer(databaseContainer));
        await ifPresent(engine.getVolume(databaseContainer).remove({ force: true }));
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
  };
}

/** Waits until something holds; throws after three minutes, so that a test that would hang fails. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 180_000; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error(`Not within three minutes: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
