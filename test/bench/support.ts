import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { removeInstallation } from '../../services/engine/clean-up.ts';
import { containerStream } from '../../services/engine/container-stream.ts';
import { connectDocker, type Host, ifPresent } from '../../services/engine/host.ts';
import { label } from '../../services/engine/labels.ts';

/** An installation for one run, which is removed at its end whatever happens. */
export async function withHost<T>(work: (host: Host) => Promise<T>): Promise<T> {
  const docker = connectDocker();
  const installation = `b${randomBytes(3).toString('hex')}`;
  try {
    return await work({ id: 'bench', name: 'local', docker, installation, helperImage: 'postgres:17' });
  } finally {
    await removeInstallation(docker, installation);
  }
}

export const password = 'bench';

/** Creates and starts a Postgres on a volume. */
export async function startPostgres(host: Host, volume: string, name = volume): Promise<void> {
  const container = await host.docker.createContainer({
    name,
    Image: 'postgres:17',
    Env: [`POSTGRES_PASSWORD=${password}`],
    Labels: { [label.installation]: host.installation },
    HostConfig: { Binds: [`${volume}:/var/lib/postgresql/data`], ShmSize: 256 << 20 },
  });
  await container.start();
}

/** Waits until its server answers a query, looking every few milliseconds. */
export async function firstQuery(host: Host, container: string, sql = 'SELECT 1'): Promise<void> {
  for (const deadline = Date.now() + 120_000; ; ) {
    try {
      await ask(host, container, sql);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export async function connect(host: Host, container: string, database?: string): Promise<pg.Client> {
  const stream = containerStream(host, container, 5432);
  const client = new pg.Client({ user: 'postgres', password, stream, ...(database ? { database } : {}) });
  client.on('error', () => {});
  return client.connect().then(
    () => client,
    async (error) => {
      await client.end().catch(() => {});
      throw error;
    },
  );
}

export async function ask(host: Host, container: string, sql: string, database?: string): Promise<pg.QueryResult> {
  const client = await connect(host, container, database);
  return client.query(sql).finally(() => client.end());
}

export async function stop(host: Host, container: string): Promise<void> {
  await host.docker.getContainer(container).stop({ t: 60 });
  await ifPresent(host.docker.getContainer(container).remove({ v: true }));
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
