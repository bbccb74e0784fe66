import { randomBytes } from 'node:crypto';
import type { components } from '../../openapi/types.ts';
import type { ServicePlan } from '../compose/plan.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { nameOf } from '../engine/labels.ts';
import { Problem } from '../errors.ts';
import type { RunningGreenroom } from '../greenroom.ts';
import type { Operation } from '../operations/kind.ts';
import { type Asker, requestOperation } from '../operations/request.ts';
import { planOf } from '../projects/projects.ts';
import { type AnySource, noPolicy, openAnySource } from '../sources/store.ts';
import type { CaptureReport } from './capture/report.ts';
import type { Reported } from './report/render/summary.ts';

type Schemas = components['schemas'];

export interface SnapshotRow {
  id: string;
  project: string;
  source: string;
  host: string;
  state: Schemas['Snapshot']['state'];
  volume: string;
  created_at: Date;
  taken_at: Date | null;
  report: CaptureReport | null;
  error: Schemas['Problem'] | null;
}

/**
 * Asks for a snapshot to be captured.
 * @throws Problem `not-found`, `conflict` when the source has no policy or the project no database.
 */
export async function requestCapture(
  greenroom: RunningGreenroom,
  wish: Schemas['NewSnapshot'],
  asker: Asker,
): Promise<Operation> {
  const { source } = await checkCapture(greenroom, wish);
  if (source.dump && source.dump.onHost === undefined) {
    throw new Problem('conflict', `Source ${wish.source} is a dump, and none came with the request`, {
      where: '/source',
      remedy: `Send it: POST /v1/projects/${wish.project}/sources/${wish.source}/snapshots, Content-Type: application/octet-stream.`,
    });
  }
  return insertCapture(greenroom, wish, newSnapshot(greenroom), asker);
}

/** What a snapshot of a source needs before anything is begun. @throws Problem `not-found`, `conflict` */
export async function checkCapture(
  greenroom: RunningGreenroom,
  wish: Schemas['NewSnapshot'],
): Promise<{ source: AnySource; service: ServicePlan }> {
  const plan = await planOf(greenroom, wish.project);
  const source = await openAnySource(greenroom, wish.project, wish.source);
  if (!source.policy) throw noPolicy(wish.project, wish.source);
  if (!plan.greenroom.database) {
    throw new Problem('conflict', `Project ${wish.project} does not say which service is its database`, {
      where: 'x-greenroom.database',
      remedy: 'Add the database to the x-greenroom section of its Compose file.',
    });
  }
  const service = plan.services.find(({ name }) => name === plan.greenroom.database?.service)!;
  if (service.image === '') {
    throw new Problem('conflict', `The database service ${service.name} has no image of its own`, {
      where: `services.${service.name}`,
      remedy: 'Give it an image key: a snapshot is captured by the very Postgres that stacks run.',
    });
  }
  return { source, service };
}

export type NewSnapshotRow = Pick<SnapshotRow, 'id' | 'volume' | 'host'>;

export function newSnapshot(greenroom: RunningGreenroom): NewSnapshotRow {
  const host = [...greenroom.hosts.values()][0]!;
  const id = `snap-${randomBytes(6).toString('hex')}`;
  return { id, volume: nameOf(greenroom.installation, id), host: host.id };
}

/** @param more goes with the operation: no secrets. */
export async function insertCapture(
  greenroom: RunningGreenroom,
  wish: Schemas['NewSnapshot'],
  { id, volume, host }: NewSnapshotRow,
  asker: Asker,
  more: Record<string, unknown> = {},
): Promise<Operation> {
  return inTransaction(greenroom.pool, async (client) => {
    await query(client, 'insert-snapshot', [id, wish.project, wish.source, host, volume]);
    return requestOperation(greenroom.queue, client, 'snapshot.capture', id, { snapshot: id, ...more }, asker);
  });
}

/** @throws Problem `not-found`, `conflict` while a stack is on it or it is being captured. */
export async function requestDeleteSnapshot(greenroom: RunningGreenroom, id: string, asker: Asker): Promise<Operation> {
  const row = await getSnapshotRow(greenroom.pool, id);
  return inTransaction(greenroom.pool, async (client) => {
    if (!(await queryOne(client, 'set-snapshot-deleting', [id]))) {
      const why = row.state === 'capturing' ? 'is being captured' : 'is used by a stack';
      throw new Problem('conflict', `Snapshot ${id} ${why}`, {
        where: id,
        remedy:
          row.state === 'capturing' ? 'Cancel its operation.' : 'Delete that stack, or reset it to another snapshot.',
      });
    }
    return requestOperation(greenroom.queue, client, 'snapshot.delete', id, { snapshot: id }, asker);
  });
}

/** @throws Problem `not-found` */
export async function getSnapshotRow(database: Database, id: string): Promise<SnapshotRow> {
  const row = await queryOne<SnapshotRow>(database, 'get-snapshot', [id]);
  if (!row)
    throw new Problem('not-found', `There is no snapshot ${id}`, {
      where: id,
      remedy: 'GET /v1/snapshots lists them.',
    });
  return row;
}

/** A snapshot that a stack of the project may be put on. @throws Problem `not-found`, `conflict` when it is not ready. */
export async function snapshotForUse(
  database: Database,
  project: string,
  host: string,
  wanted: string,
): Promise<SnapshotRow> {
  if (wanted === 'latest') {
    const latest = await queryOne<SnapshotRow>(database, 'latest-snapshot', [project, host]);
    if (latest) return latest;
    throw new Problem('conflict', `Project ${project} has no snapshot that is ready`, {
      where: '/snapshot',
      remedy: 'Capture one first: POST /v1/snapshots.',
    });
  }
  const row = await getSnapshotRow(database, wanted);
  if (row.project !== project) {
    throw new Problem('conflict', `Snapshot ${wanted} belongs to project ${row.project}, not to ${project}`, {
      where: '/snapshot',
    });
  }
  if (row.state !== 'ready') {
    throw new Problem('conflict', `Snapshot ${wanted} is ${row.state}`, {
      where: '/snapshot',
      remedy: 'Choose one that is ready.',
    });
  }
  return row;
}

export async function listSnapshots(database: Database, project: string | undefined): Promise<Schemas['Snapshot'][]> {
  return (await query<SnapshotRow>(database, 'list-snapshots', [project ?? null])).map(toSnapshot);
}

/** @throws Problem `not-found`, `conflict` while there is none. */
export async function getReport(database: Database, id: string): Promise<Reported> {
  const { report, state, project, source } = await getSnapshotRow(database, id);
  if (report) return { id, project, source, report };
  throw new Problem('conflict', `Snapshot ${id} is ${state} and has no report`, {
    where: id,
    remedy: 'Wait until it is ready; of one that failed, GET /v1/snapshots/SNAPSHOT says why.',
  });
}

export function toSnapshot(row: SnapshotRow): Schemas['Snapshot'] {
  const { report } = row;
  return {
    id: row.id,
    project: row.project,
    source: row.source,
    state: row.state,
    createdAt: row.created_at.toISOString(),
    ...(row.taken_at ? { takenAt: row.taken_at.toISOString() } : {}),
    ...(report
      ? {
          postgresMajor: report.target.postgresMajor,
          tables: report.tables.length,
          rows: report.tables.reduce((sum, { rows }) => sum + rows, 0),
          schemaFingerprint: report.schemaFingerprint,
        }
      : {}),
    ...(row.error ? { error: row.error } : {}),
  };
}
