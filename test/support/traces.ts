import type Docker from 'dockerode';
import pg from 'pg';
import { label } from '../../services/engine/labels.ts';

/** Where an installation may leave something: its engine, its own database, the source. */
export interface Places {
  docker: Docker;
  installation: string;
  /** A query in greenroom's own database. */
  rows<T>(sql: string): Promise<T[]>;
  /** The source's URL. */
  source: string;
}

/** What an installation has on the engine, in its tables and on the source. Equal before and after: nothing is left. */
export async function traces({ docker, installation, rows, source }: Places) {
  const filters = { label: [`${label.installation}=${installation}`] };
  const [containers, { Volumes: volumes }, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listVolumes({ filters: filters as never }),
    docker.listNetworks({ filters }),
  ]);
  const count = async (from: string) => (await rows<{ n: number }>(`SELECT count(*)::int AS n FROM ${from}`))[0]!.n;
  return {
    // The helper stays for the next who needs it, running or not.
    containers: containers
      .filter(({ Labels }) => Labels[label.kind] !== 'helper')
      .map(({ Names: [name], State }) => `${name} ${State}`)
      .sort(),
    // And so do empty clusters.
    volumes: (volumes ?? [])
      .filter(({ Labels }) => Labels?.[label.kind] !== 'cluster')
      .map(({ Name }) => Name)
      .sort(),
    networks: networks.map(({ Name }) => Name).sort(),
    subnets: await count('subnets'),
    stacks: await count('stacks'),
    backups: await count('backups'),
    snapshots: await count("snapshots WHERE state <> 'ready'"),
    unfinished: await count("operations WHERE state IN ('queued', 'running')"),
    running: await count("migration_runs WHERE state = 'running'"),
    locks: await count(
      "pg_locks l JOIN pg_stat_activity a USING (pid) WHERE locktype = 'advisory' AND application_name = 'greenroom lock'",
    ),
    sourceSessions: await sessionsOn(source),
  };
}

/** Sessions that greenroom has open on a source. */
export async function sessionsOn(source: string): Promise<number> {
  const client = new pg.Client({ connectionString: source });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name ~ 'greenroom|pg_dump'`,
    );
    return rows[0]!.n;
  } finally {
    await client.end();
  }
}
