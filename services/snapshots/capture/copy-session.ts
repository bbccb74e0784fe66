import type pg from 'pg';
import { Problem } from '../../errors.ts';
import { identifier, literal } from '../../quoting.ts';
import { closeSource, openSource } from '../../sources/connect.ts';
import { otherServer } from '../../sources/errors.ts';
import type { Line } from '../../sources/line.ts';
import { CopyFailure, type CopyTask } from './copy-table.ts';
import type { WorkerInput } from './copy-worker.ts';
import { connectLogin } from './login.ts';

/** The two sessions of a worker. */
export interface Sessions {
  source: pg.Client;
  target: pg.Client;
}

/** @throws Problem `source-unreachable`, `source-refused`; what the target answers. Nothing is open then. */
export async function openSessions(input: WorkerInput, line: Line): Promise<Sessions> {
  const source = await openSource(input.source, line);
  let target: pg.Client | undefined;
  try {
    target = await connectLogin(input.target, input.database);
    await target.query(
      `SET session_replication_role = replica; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres';
       SET TimeZone = 'UTC'; SET lc_monetary = 'C'; SET client_encoding = 'UTF8'; SET xmloption = 'content'`,
    );
    return { source, target };
  } catch (error) {
    await closeSource(source);
    await target?.end().catch(() => {});
    throw error;
  }
}

/** What is in flight is cut off: a COPY that has not been told its end is rolled back. */
export async function closeSessions({ source, target }: Sessions): Promise<void> {
  await closeSource(source);
  await target.end().catch(() => {});
}

/** Sees the source as the exported snapshot does, from now on. */
export const beginReading = (exportedSnapshot: string) =>
  `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT ${literal(exportedSnapshot)};`;

/**
 * Begins to read a table on the exported snapshot, and lets go of the one before: production's own ALTER TABLE waits for
 * the table that is being copied, never for the whole capture.
 *
 * What a table was when the snapshot was taken is not seen to by the snapshot alone: after TRUNCATE or an ALTER that
 * rewrites it, its rows are gone for older snapshots, without an error
 * (https://www.postgresql.org/docs/17/mvcc-caveats.html); after VACUUM FULL its parts are others. Each gives it a new file.
 *
 * @throws CopyFailure of the source; Problem `capture-failed` when it is not the table it was, `source-refused` when the
 *   server does not know the snapshot.
 */
export async function holdTable(source: pg.Client, exportedSnapshot: string, task: CopyTask): Promise<void> {
  const name = `${identifier(task.schema)}.${identifier(task.table)}`;
  const now = await holding(source, exportedSnapshot, name).catch((error) => {
    throw isUnknownSnapshot(error) ? otherServer(error) : new CopyFailure('source', error);
  });
  if (Number(now.oid) === task.oid && Number(now.filenode) === task.filenode) return;
  const where = `${task.schema}.${task.table}`;
  throw new Problem('capture-failed', `${where} was emptied, rewritten or replaced while it was captured`, {
    where,
    remedy: changedMeanwhile,
  });
}

/** By the function of Postgres that looks for it: its SQLSTATE, 22023 or since Postgres 16 42704, says many other things too. */
function isUnknownSnapshot(error: unknown): boolean {
  return (error as { routine?: string }).routine === 'ImportSnapshot';
}

/** In one message: the source may be a continent away, and have a thousand tables. */
async function holding(source: pg.Client, exportedSnapshot: string, name: string) {
  const results = (await source.query(
    `COMMIT; ${beginReading(exportedSnapshot)} LOCK TABLE ONLY ${name} IN ACCESS SHARE MODE;
     -- As they are now: these functions do not look at the snapshot.
     SELECT pg_catalog.to_regclass(${literal(name)})::pg_catalog.oid AS oid,
       pg_catalog.pg_relation_filenode(pg_catalog.to_regclass(${literal(name)})) AS filenode`,
  )) as unknown as pg.QueryResult<{ oid: number; filenode: number }>[];
  return results.at(-1)!.rows[0]!;
}

export const changedMeanwhile =
  'Ask again when no migration, TRUNCATE, CLUSTER or VACUUM FULL runs on the source; if a column is new, the policy has to classify it.';
