import { availableParallelism } from 'node:os';
import type { Client } from 'pg';
import type { Host } from '../../engine/host.ts';
import type { Mistake } from '../../errors.ts';
import { tableName } from '../../masking/catalog.ts';
import { requireKey } from '../../masking/key.ts';
import { planMasking } from '../../masking/plan.ts';
import { type Policy, parsePolicy } from '../../masking/policy.ts';
import type { SourceSchema } from '../../masking/schema-changes.ts';
import { type SourceAddress, serverOf } from '../../sources/address.ts';
import { readCatalog, readServer, type SourceCatalog } from '../../sources/catalog.ts';
import { defaultLockTimeoutMs } from '../../sources/connect.ts';
import { type OpenedDump, planRows } from '../../sources/dump/open.ts';
import { createPace } from '../../sources/pace.ts';
import { readSchema } from '../../sources/schema.ts';
import { chooseSchemas, refuseReferencesOut, withinSchemas } from '../../sources/schemas.ts';
import { openAudit } from '../audit/audit.ts';
import { readConstraints } from '../audit/integrity.ts';
import { auditResult } from '../audit/result.ts';
import { type CountedResult, countResult } from '../report/result.ts';
import { describeSource } from '../report/source.ts';
import { createRoles, readRoles, warningsOfRoles, withoutRole } from '../roles.ts';
import { type CopyThread, copyData, endThreads, startThreads, tasksOf } from './copy-data.ts';
import { createDatabase } from './create-database.ts';
import { applyDatabaseGrants, readDatabaseGrants } from './database-grants.ts';
import { captureProblem } from './failure.ts';
import { freezeRows } from './freeze.ts';
import { tryGivenValues } from './given-values.ts';
import { readLeftOut, warningsOf } from './left-out.ts';
import { readPools } from './pools.ts';
import { readFirst } from './read-first.ts';
import type { Reading } from './reading.ts';
import { installRebuilds, removeRebuilds } from './rebuild.ts';
import { bytesOfDump, bytesOfTables, refuseTooLarge, refuseUnreadable } from './refusals.ts';
import { type CaptureReport, writeReport } from './report.ts';
import { copyConstraints, copySchema, populatedViews, refreshViews } from './schema.ts';
import { copySequences, readSequences, type SequenceReport } from './sequences.ts';
import { applySettings, readSettings } from './settings.ts';
import {
  connectTarget,
  dataPathOf,
  endWith,
  finishTarget,
  loginOf,
  majorInVolume,
  relayMount,
  removeTarget,
  runInTarget,
  startTarget,
  type Target,
  type TargetSpec,
} from './target.ts';

export interface CaptureOptions {
  host: Host;
  source: SourceAddress;
  /** Where rows come from a dump: `source` is then the server that holds its schema. */
  dump?: OpenedDump;
  policy: unknown;
  key: Uint8Array;
  /** What is other in the source's schema than when its policy was set: anything stops the capture. */
  changesIn?(schema: SourceSchema): Mistake[];
  /** The database the stacks' services use, and its schema. */
  database: string;
  schema: string;
  target: Omit<TargetSpec, 'mounts' | 'failure'>;
  signal: AbortSignal;
  onProgress(message: string, done?: number, total?: number): void;
  /** What the audit keeps in memory before it writes hashes to a file. */
  auditMemoryBytes?: number;
}

/**
 * Captures a masked snapshot of a source into a volume: rows go from COPY TO through memory, where they are masked, to
 * COPY FROM, all workers on one exported snapshot; an unmasked value is never written to a disk. Whole or not at all:
 * when it fails, neither container nor volume is left.
 *
 * @throws Problem `source-unreachable`, `source-refused`, `policy-invalid`, `policy-incomplete`, `schema-changed`,
 *   `capture-failed`, `audit-failed`, `engine-failed` (EngineAway, DiskFull), or the signal's reason.
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
  const { host, dump, onProgress } = options;
  const { session: source, relay } = reading;
  const server = serverOf(reading.server);
  let isReading = true;
  const finishReading = async () => {
    isReading = false;
    await reading.close();
  };
  let threads: CopyThread[] = [];
  let closeAudit = () => {};
  let endStatements = () => {};
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
    // To go back to: a transaction holds the locks of all it has read, and production's ALTERs would wait for the whole capture.
    await source.query('SAVEPOINT exported');
    const facts = { ...(await readServer(source)), ...dump?.facts };
    const schemas = await chooseSchemas(source, options.source.schemas);
    const catalog = withinSchemas(await readCatalog(source, options.source.schemas), schemas);
    refuseUnreadable(catalog, server);
    await refuseReferencesOut(source, options.source.schemas);
    const changes = options.changesIn?.(await readSchema(source, options.source.schemas)) ?? [];
    const planned = planMasking(catalog, policy, { changes });
    const plan = dump ? planRows(planned, dump, catalog) : planned;
    const cores = Math.min(4, availableParallelism());
    const { megabytesPerSecond, workers = cores } = options.source.limits ?? {};
    const pace = megabytesPerSecond === undefined ? undefined : createPace(megabytesPerSecond);
    const pools = await readPools(source, plan.pools, { key: options.key, pace, dump: dump?.rows });
    const expectedOf = expectedRows(plan.tables, catalog);
    const audit = openAudit(plan.tables, expectedOf, options.auditMemoryBytes, policy.locale);
    closeAudit = audit.close;
    const sequences = await readSequences(source, policy, schemas.has);
    const leftOut = await readLeftOut(source, {
      schemas,
      catalog,
      isReplica: reading.replayDelayMs !== undefined,
      isDump: dump !== undefined,
    });
    const estimate = dump?.sizeBytes ?? catalog.tables.reduce((sum, { heapBytes }) => sum + heapBytes, 0);
    await refuseTooLarge(host, dump ? bytesOfDump(dump) : await bytesOfTables(source, catalog), server);
    const roles = withoutRole(await readRoles(source), dump?.superuser);
    const settings = await readSettings(source, roles.names);
    const databaseGrants = await readDatabaseGrants(source, roles.names);
    const described = await describeSource(source, reading.server, facts, dump !== undefined);
    await source.query('ROLLBACK TO SAVEPOINT exported');
    const warnings: { where: string; what: string }[] = [
      ...passedOver,
      ...(dump?.warnings ?? []),
      ...warningsOf(leftOut),
      ...warningsOfRoles(roles),
    ];
    if (facts.large_objects > 0) {
      warnings.push({
        where: 'pg_largeobject',
        what: `${facts.large_objects} large objects are left out: what is in them cannot be classified; their ids in rows lead nowhere`,
      });
    }

    const isWithoutRows = (index: number) =>
      leftOut.unlogged.some((table) => tableName(table) === tableName(plan.tables[index]!));
    const tasks = tasksOf(plan.tables, catalog, facts.major, workers).filter(({ index }) => !isWithoutRows(index));
    const target = await phase('start', 'starting an empty Postgres', () => startTarget(host, spec, signal));
    endStatements = endWith(signal, target);
    threads = startThreads(Math.min(workers, tasks.length));
    const { schemaOwner } = await phase('schema', 'copying the schema', async () => {
      await createRoles(roles, target);
      for (const what of await createDatabase(target, options.database, facts))
        warnings.push({ where: options.database, what });
      const { lockTimeoutMs = defaultLockTimeoutMs } = options.source.limits ?? {};
      const schemaDump = { exportedSnapshot, lockTimeoutMs, server, facts, leftOut };
      await copySchema(target, relay, { ...schemaDump, source }, options.database, signal);
      await onTarget(target, options.database, async (client) => {
        await tryGivenValues(client, plan.tables);
        await installRebuilds(client, plan.tables);
      });
      const owner = await ownerOf(source, options.schema);
      return { schemaOwner: owner !== undefined && owner === dump?.superuser ? spec.superuser : owner };
    });

    const input = {
      source: reading.forWorkers,
      exportedSnapshot,
      target: await loginOf(target),
      pace,

      database: options.database,
      key: options.key,
      locale: policy.locale,
      tables: plan.tables,
      pools,
      encoding: facts.encoding,
      audit: audit.setup,
      ...(dump ? { dump: dump.rows } : {}),
    };
    const copied = await phase('copy', 'copying and masking rows', () =>
      copyData(input, audit, tasks, threads, signal, (message, bytes) =>
        onProgress(message, Math.min(bytes, estimate), estimate),
      ),
    );

    const expected = {
      rows: new Map([...copied].map(([table, { rows }]) => [table, rows])),
      constraints: await readConstraints(source),
    };
    let shifted: SequenceReport[];
    const client = await connectTarget(target, options.database);
    let result: CountedResult;
    try {
      await removeRebuilds(client);
      shifted = await copySequences(source, client, sequences, { key: options.key, policy });
      const views = (await populatedViews(source)).filter(
        ({ schema, name }) =>
          schemas.has(schema) && !leftOut.relations.some((view) => view.schema === schema && view.name === name),
      );
      await source.query('COMMIT');
      // Building indexes can take long; production has nothing to do with it.
      await finishReading();
      await phase('freeze', 'freezing rows', () => freezeRows(client, plan.tables));
      await phase('constraints', 'building indexes and constraints', () =>
        copyConstraints(target, options.database, cores, signal),
      );
      await phase('views', 'computing materialized views', () => refreshViews(client, views));
      await phase('analyze', 'analyzing', () => client.query('ANALYZE'));
      result = await phase('count', 'counting values and groups', () =>
        countResult(client, { catalog, plan, policy, copied }, signal),
      );
    } finally {
      await client.end().catch(() => {});
    }
    const major = await majorInVolume(host, spec);
    const audited = await phase('audit', 'searching the result for originals', () =>
      auditResult(audit, { target, database: options.database, major, threads: cores, signal }, expected),
    );
    const libc = (await runInTarget(target, ['sh', '-c', 'ldd --version 2>&1 | head -n 1'], {}, signal)).stdout.trim();
    // They would hold for greenroom's own sessions, too.
    warnings.push(...(await applySettings(target, options.database, settings)));
    await applyDatabaseGrants(target, options.database, databaseGrants);
    await phase('shutdown', 'shutting down cleanly', () => finishTarget(target));
    onProgress('done');
    return writeReport({
      ...{ ...described, takenAt: facts.at, catalog, plan, policy, key: options.key, copied, ...result },
      ...{ durationMs, warnings, audit: audited, sequences: shifted, replayDelayMs: reading.replayDelayMs },
      ...(dump ? { dump: dump.report } : {}),
      target: {
        postgresMajor: major,
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
    endStatements();
    await endThreads(threads);
    closeAudit();
    options.signal.removeEventListener('abort', finishReading);
    await finishReading();
  }
}

async function onTarget(target: Target, database: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = await connectTarget(target, database);
  await work(client).finally(() => client.end().catch(() => {}));
}

/** About how many rows each planned table has; where it was never analyzed, as many as its pages can hold. */
function expectedRows(tables: readonly { schema: string; name: string }[], catalog: SourceCatalog): number[] {
  const found = new Map(catalog.tables.map((table) => [tableName(table), table]));
  return tables.map((table) => {
    const { estimatedRows = 0, heapBytes = 0 } = found.get(tableName(table)) ?? {};
    return estimatedRows || heapBytes / 64;
  });
}

async function ownerOf(source: Client, schema: string): Promise<string | undefined> {
  const { rows } = await source.query<{ owner: string }>(
    'SELECT pg_catalog.pg_get_userbyid(nspowner) AS owner FROM pg_catalog.pg_namespace WHERE nspname = $1',
    [schema],
  );
  return rows[0]?.owner;
}
