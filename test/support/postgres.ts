import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { addressOf } from '../../services/engine/dial.ts';
import { exec } from '../../services/engine/exec.ts';
import { connectDocker, type Host, ifPresent } from '../../services/engine/host.ts';

export const docker = connectDocker();
export const image = 'postgres:17';

/** A throwaway Postgres; one for a test file, with databases in it. */
export interface TestPostgres {
  container: string;
  address: string;
  superuser: string;
  password: string;
  url(database: string, login?: { user: string; password: string }): string;
  connect(database: string): Promise<pg.Client>;
  /** Creates a database and runs SQL in it. */
  createDatabase(name: string, sql: string): Promise<void>;
  /** Runs a command in the container. @throws Error with its output when it fails. */
  run(command: string[], input?: string): Promise<string>;
  /** What the server has logged so far. */
  log(): Promise<string>;
  remove(): Promise<void>;
}

export interface TestPostgresOptions {
  /** Arguments of the server. */
  settings?: Record<string, string>;
  environment?: Record<string, string>;
  image?: string;
  /** A volume to run on, such as a clone; it is not removed. */
  volume?: string;
  superuser?: string;
  password?: string;
}

const quick = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_wal_size: '4GB' };

export async function startPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const superuser = options.superuser ?? 'postgres';
  const password = options.password ?? randomBytes(12).toString('hex');
  const settings = { ...quick, ...options.settings };
  const environment = {
    POSTGRES_PASSWORD: password,
    POSTGRES_USER: superuser,
    POSTGRES_INITDB_ARGS: '--no-sync',
    ...options.environment,
  };
  const container = await docker.createContainer({
    name: `greenroom-test-postgres-${randomBytes(4).toString('hex')}`,
    Image: options.image ?? image,
    Cmd: ['postgres', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    Labels: { 'greenroom.test': '1' },
    HostConfig: {
      ShmSize: 256 << 20,
      ...(options.volume === undefined ? {} : { Binds: [`${options.volume}:/var/lib/postgresql/data`] }),
    },
  });
  const remove = async () => void (await ifPresent(container.remove({ force: true, v: true })));
  try {
    await container.start();
    const address = await addressOf({ docker }, container.id);
    const connect = async (database: string) => {
      const client = new pg.Client({ host: address, user: superuser, password, database });
      client.on('error', () => {});
      await client.connect();
      return client;
    };
    const run = async (command: string[], input?: string) => {
      const result = await exec({ docker }, container.id, { command, ...(input === undefined ? {} : { input }) });
      if (result.exitCode !== 0) throw new Error(`${command.join(' ')}: ${result.stderr || result.stdout}`);
      return result.stdout;
    };
    // While the image initialises, a first server answers on the socket only; on a clone passwords are another's.
    await run(['sh', '-c', 'for i in $(seq 600); do pg_isready -q -h 127.0.0.1 && exit; sleep 0.1; done; exit 1']);
    return {
      container: container.id,
      address,
      superuser,
      password,
      url: (database, login = { user: superuser, password }) =>
        `postgres://${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@${address}:5432/${encodeURIComponent(database)}`,
      connect,
      async createDatabase(name, sql) {
        await run(['createdb', '-U', superuser, name]);
        await run(['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-U', superuser, '-d', name, '-f', '-'], sql);
      },
      run,
      log: async () => (await container.logs({ stdout: true, stderr: true })).toString('utf8'),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** An engine as an installation of the test's own sees it: what the test makes carries that installation's label. */
export function testHost(): Host {
  return {
    id: 'test',
    name: 'test',
    docker,
    installation: `test${randomBytes(4).toString('hex')}`,
    helperImage: 'debian:trixie-slim',
  };
}
