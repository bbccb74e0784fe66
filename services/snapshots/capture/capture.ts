import { availableParallelism } from 'node:os';
import { DiskFull, freeBytes } from '../../engine/disk.ts';
import { pathInHelper, runInHelper } from '../../engine/helper.ts';
import type { Host } from '../../engine/host.ts';
import { type Mistake, Problem } from '../../errors.ts';
import { tableName } from '../../masking/catalog.ts';
import { requireKey } from '../../masking/key.ts';
import { planMasking } from '../../masking/plan.ts';
import { type Policy, parsePolicy } from '../../masking/policy.ts';
import { type SourceAddress, serverOf } from '../../sources/address.ts';
import { readCatalog, readServer } from '../../sources/catalog.ts';
import { defaultLockTimeoutMs } from '../../sources/connect.ts';
import { createPace } from '../../sources/pace.ts';
import { chooseSchemas, refuseReferencesOut, withinSchemas } from '../../sources/schemas.ts';
import { createRoles, readRoles } from '../roles.ts';
import { copyData, tasksOf } from './copy-data.ts';
import { createDatabase } from './create-database.ts';
import { captureProblem } from './failure.ts';
import { readLeftOut, warningsOf } from './left-out.ts';
import { readFirst } from './read-first.ts';
import type { Reading } from './reading.ts';
import { type CaptureReport, writeReport } from './report.ts';
import { copyConstraints, copySchema, populatedViews, refreshViews } from './schema.ts';
import { copySequences, readSequences, type SequenceReport } from './sequences.ts';
import {
  connectTarget,
  finishTarget,
  relayMount,
  removeTarget,
  runInTarget,
  startTarget,
  type TargetSpec,
} from './target.ts';

export interface CaptureOptions {
  host: Host;
  source: SourceAddress;
  policy: unknown;
  key: Uint8Array;
  /** The database the stacks' services use, and its schema. */
  database: string;
  schema: string;
  target: Omit<TargetSpec, 'mounts' | 'failure'>;
  signal: AbortSignal;
  onProgress(message: string, done?: number, total?: number): void;
}

/**
 * Captures a masked snapshot of a source into a volume: rows go from COPY TO through memory, where they are masked, to
 * COPY FROM, all workers on one exported snapshot; an unmasked value is never written to a disk. Whole or not at all:
 * when it fails, neither container nor volume is left.
 *
 * @throws Problem `source-unreachable`, `source-refused`, `policy-invalid`, `policy-incomplete`, `capture-failed`,
 *   `engine-failed` (EngineAway, DiskFull), or the signal's reason.
 */
export async function captureDatabase(options: CaptureOptions): Promise<CaptureReport> {
  requireKey(options.key);
  const policy = parsePolicy(options.policy);
  return readFirst(options.source, options.target.volume, options.signal, (reading, passedOver) =>
    captureReading(options, policy, reading, passedOver),
  );
}

async function captureReading(
  options: CaptureOptions,
  policy: Policy,
  reading: Reading,
  passedOver: Mistake[],
): Promise<CaptureReport> {
  const { host, onProgress } = options;
  const { session: source, relay } = reading;
  const server = serverOf(reading.server);
  let isReading = true;
  const finishReading = async () => {
    isReading = false;
    await reading.close();
  };
  options.signal.addEventListener('abort', finishReading, { once: true });
  const signal = AbortSignal.any([options.signal, reading.lost]);
  const durationMs: Record<string, number> = {};
  const phase = async <T>(name: string, message: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    onProgress(message);
    const startedAt = performance.now();
    const result = await work();
    durationMs[name] = Math.round(performance.now() - startedAt);
    return result;
  };
  const spec: TargetSpec = {
    ...options.target,
    mounts: [{ Type: 'bind', Source: relay.folder, Target: relayMount }],
    failure: 'capture-failed',
  };
  try {
    await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows: exported } = await source.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    const exportedSnapshot = exported[0]!.id;
    const facts = await readServer(source);
    const schemas = await chooseSchemas(source, options.source.schemas);
    const catalog = withinSchemas(await readCatalog(source), schemas);
    refuseUnreadable(catalog, server);
    await refuseReferencesOut(source, options.source.schemas);
    const plan = planMasking(catalog, policy);
    const sequences = await readSequences(source, policy, schemas.has);
    const leftOut = await readLeftOut(source, { schemas, catalog, isReplica: reading.replayDelayMs !== undefined });
    const estimate = catalog.tables.reduce((sum, { heapBytes }) => sum + heapBytes, 0);
    await refuseTooLarge(host, estimate, server);
    const warnings: { where: string; what: string }[] = [...passedOver, ...warningsOf(leftOut)];
    if (facts.large_objects > 0) {
      warnings.push({
        where: 'pg_largeobject',
        what: `${facts.large_objects} large objects are left out: what is in them cannot be classified; their ids in rows lead nowhere`,
      });
    }

    const target = await phase('start', 'starting an empty Postgres', () => startTarget(host, spec, signal));
    const { schemaOwner } = await phase('schema', 'copying the schema', async () => {
      await createRoles(await readRoles(source), target);
      for (const what of await createDatabase(target, options.database, facts))
        warnings.push({ where: options.database, what });
      const { lockTimeoutMs = defaultLockTimeoutMs } = options.source.limits ?? {};
      const dump = { exportedSnapshot, lockTimeoutMs, server, facts, leftOut };
      await copySchema(target, relay, dump, options.database, signal);
      return { schemaOwner: await ownerOf(source, options.schema) };
    });

    const cores = Math.min(4, availableParallelism());
    const { megabytesPerSecond, workers = cores } = options.source.limits ?? {};
    const isWithoutRows = (index: number) =>
      leftOut.unlogged.some((table) => tableName(table) === tableName(plan.tables[index]!));
    const tasks = tasksOf(plan.tables, catalog, facts.major, workers).filter(({ index }) => !isWithoutRows(index));
    const input = {
      source: reading.forWorkers,
      exportedSnapshot,
      pace: megabytesPerSecond === undefined ? undefined : createPace(megabytesPerSecond),
      target: { spec, password: target.password },
      database: options.database,
      key: options.key,
      tables: plan.tables,
    };
    const copied = await phase('copy', 'copying and masking rows', () =>
      copyData(input, tasks, workers, signal, (message, bytes) =>
        onProgress(message, Math.min(bytes, estimate), estimate),
      ),
    );

    let shifted: SequenceReport[];
    const client = await connectTarget(target, options.database);
    try {
      shifted = await copySequences(source, client, sequences, { key: options.key, policy });
      const views = (await populatedViews(source)).filter(
        ({ schema, name }) =>
          schemas.has(schema) && !leftOut.relations.some((view) => view.schema === schema && view.name === name),
      );
      await source.query('COMMIT');
      // Building indexes can take long; production has nothing to do with it.
      await finishReading();
      await phase('constraints', 'building indexes and constraints', () =>
        copyConstraints(target, options.database, cores, signal),
      );
      await phase('views', 'computing materialized views', () => refreshViews(client, views));
      await phase('analyze', 'analyzing', () => client.query('ANALYZE'));
    } finally {
      await client.end().catch(() => {});
    }
    const libc = (await runInTarget(target, ['sh', '-c', 'ldd --version 2>&1 | head -n 1'], {}, signal)).stdout.trim();
    await phase('shutdown', 'shutting down cleanly', () => finishTarget(target));
    onProgress('done');
    return writeReport({
      ...{ server, source: facts, catalog, plan, policy, key: options.key, copied, durationMs, warnings },
      ...{ sequences: shifted, replayDelayMs: reading.replayDelayMs },
      target: {
        postgresMajor: await majorInVolume(host, spec),
        libc,
        dataPath: dataPathOf(spec),
        superuser: spec.superuser,
        database: options.database,
        schemaOwner,
      },
    });
  } catch (error) {
    const reason = signal.aborted
      ? signal.reason
      : await captureProblem(error, { source: isReading ? source : undefined, server, host, spec });
    await removeTarget(host, spec);
    throw reason;
  } finally {
    options.signal.removeEventListener('abort', finishReading);
    await finishReading();
  }
}

/** Better not begun than a full disk in the middle, which harms everything else on the engine. */
async function refuseTooLarge(host: Host, estimate: number, server: string): Promise<void> {
  const free = await freeBytes(host);
  if (estimate <= free) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MB`;
  throw new DiskFull(
    `The tables of ${server} hold ${megabytes(estimate)}; the disk of the Docker engine is too full for them: ${megabytes(free)} are free`,
  );
}

function refuseUnreadable(catalog: Awaited<ReturnType<typeof readCatalog>>, server: string): void {
  const errors = catalog.tables
    .filter(({ kind, readable, rowSecurity }) => (kind === 'r' || kind === 'p') && (!readable || rowSecurity))
    .map((table) => ({
      where: tableName(table),
      what: table.readable ? 'row security hides rows of it from the login' : 'the login may not SELECT it',
      remedy: table.readable
        ? 'ALTER ROLE … BYPASSRLS for the login'
        : 'Grant the login SELECT on it, or pg_read_all_data',
    }));
  if (errors.length === 0) return;
  throw new Problem('source-refused', `The login cannot read everything in ${server}`, {
    where: errors[0]!.where,
    errors,
  });
}

async function ownerOf(source: import('pg').Client, schema: string): Promise<string | undefined> {
  const { rows } = await source.query<{ owner: string }>(
    'SELECT pg_catalog.pg_get_userbyid(nspowner) AS owner FROM pg_catalog.pg_namespace WHERE nspname = $1',
    [schema],
  );
  return rows[0]?.owner;
}

/** PGDATA below the volume's root. */
export function dataPathOf({ pgdata, mountTarget }: Pick<TargetSpec, 'pgdata' | 'mountTarget'>): string {
  return pgdata.slice(mountTarget.replace(/\/$/, '').length + 1);
}

async function majorInVolume(host: Host, spec: TargetSpec): Promise<number> {
  const path = [await pathInHelper(host, spec.volume), dataPathOf(spec), 'PG_VERSION'].filter(Boolean).join('/');
  const { stdout } = await runInHelper(host, ['cat', path]);
  return Number.parseInt(stdout, 10);
}
