import type { Client } from 'pg';
import type { Host } from '../../engine/host.ts';
import type { Mistake } from '../../errors.ts';
import { tableName } from '../../masking/catalog.ts';
import { requireKey } from '../../masking/keyed/key.ts';
import { type Policy, parsePolicy } from '../../masking/policy/policy.ts';
import type { SourceSchema } from '../../masking/policy/schema-changes.ts';
import { type SourceAddress, serverOf } from '../../sources/address.ts';
import { readMajor, type SourceCatalog } from '../../sources/catalog.ts';
import { defaultLockTimeoutMs } from '../../sources/connect.ts';
import type { OpenedDump } from '../../sources/dump/open.ts';
import { openAudit } from '../audit/audit.ts';
import { readConstraints } from '../audit/integrity.ts';
import { auditResult } from '../audit/result.ts';
import { type SearchThread, startSearchThreads } from '../audit/threads.ts';
import { countResult } from '../report/result.ts';
import { createRoles } from '../roles.ts';
import { endThreads } from '../threads.ts';
import { analyze } from './analyze.ts';
import { type CopyThread, copyData, cores, startThreads } from './copy-data.ts';
import { createDatabase } from './create-database.ts';
import { applyDatabaseGrants } from './database-grants.ts';
import { captureProblem } from './failure.ts';
import { freezeRows } from './freeze.ts';
import { tryGivenValues } from './given-values.ts';
import { prepareCapture } from './prepare.ts';
import { readFirst } from './read-first.ts';
import type { Reading } from './reading.ts';
import { installRebuilds, removeRebuilds } from './rebuild.ts';
import { type CaptureReport, writeReport } from './report.ts';
import { copyConstraints, dumpSchema, populatedViews, refreshViews, restoreSchema } from './schema.ts';
import { copySequences, passMaskedKeys } from './sequences.ts';
import { applySettings, textsOfSettings } from './settings.ts';
import {
  createTarget,
  dataPathOf,
  endWith,
  finishTarget,
  onTarget,
  relayMount,
  removeTarget,
  runInTarget,
  type TargetSpec,
  untilItAnswers,
  writeAhead,
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
  target: Omit<TargetSpec, 'mounts' | 'failure' | 'network'>;
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
  let searchThreads: SearchThread[] = [];
  let closeAudit = () => {};
  let endStatements = () => {};
  const over = new AbortController();
  let writtenAhead = Promise.resolve();
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
    network: undefined,
    mounts: [{ Type: 'bind', Source: relay.folder, Target: relayMount }],
    failure: 'capture-failed',
  };
  try {
    const prepared = await prepareCapture(options, policy, reading, passedOver);
    const { exportedSnapshot, facts, schemas, catalog, plan, pools, leftOut, tasks, warnings } = prepared;
    const expectedOf = expectedRows(plan.tables, catalog);
    const audit = openAudit(plan.tables, expectedOf, options.auditMemoryBytes, policy.locale);
    closeAudit = audit.close;
    const { estimate, pace, workers } = prepared;
    const schema = {
      ...{ source, exportedSnapshot, server, facts, leftOut },
      lockTimeoutMs: options.source.limits?.lockTimeoutMs ?? defaultLockTimeoutMs,
    };
    threads = startThreads(Math.min(workers, tasks.length));
    const target = await phase('start', 'starting an empty Postgres', async () => {
      const created = await createTarget(host, spec);
      endStatements = endWith(signal, created);
      const dumped = dumpSchema(created, relay, schema, signal);
      dumped.catch(() => {});
      // Whether it answers says more of a container that has ended.
      const answering = await untilItAnswers(created, signal);
      await dumped;
      return answering;
    });
    const schemaOwner = await phase('schema', 'copying the schema', async () => {
      await createRoles(prepared.roles, target);
      for (const what of await createDatabase(target, options.database, facts))
        warnings.push({ where: options.database, what });
      await restoreSchema(target, schema, options.database, signal);
      await onTarget(target, options.database, async (client) => {
        await tryGivenValues(client, plan.tables);
        await installRebuilds(client, plan.tables);
      });
      const owner = await ownerOf(source, options.schema);
      return owner !== undefined && owner === dump?.superuser ? spec.superuser : owner;
    });

    const input = {
      ...{ source: reading.forWorkers, exportedSnapshot, target: target.login, database: options.database },
      ...{ key: options.key, locale: policy.locale, tables: plan.tables, pools, pace, encoding: facts.encoding },
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
    const views = (await populatedViews(source)).filter(
      ({ schema, name }) =>
        schemas.has(schema) && !leftOut.relations.some((view) => view.schema === schema && view.name === name),
    );
    const { database } = options;
    const { shifted, result, major } = await onTarget(target, database, async (client) => {
      await removeRebuilds(client);
      const shifted = await copySequences(source, client, prepared.sequences, { key: options.key, policy });
      await source.query('COMMIT');
      // Building indexes can take long; production has nothing to do with it.
      await finishReading();
      await phase('freeze', 'freezing rows', () => freezeRows(client, plan.tables));
      // All originals are collected, and the last indexes leave the other cores what it takes to start them.
      searchThreads = startSearchThreads({ setup: audit.setup, target: target.login, database }, cores);
      await phase('constraints', 'building indexes and constraints', () =>
        copyConstraints(target, database, cores, signal),
      );
      await passMaskedKeys(client, prepared.sequences, { policy, tables: plan.tables, catalog });
      await phase('views', 'computing materialized views', () => refreshViews(client, views));
      await phase('analyze', 'analyzing', () =>
        analyze(target, database, cores, facts.statistics_target, plan.tables, expected.rows),
      );
      const result = await phase('count', 'counting values and groups', () =>
        onTarget(target, database, (other) => countResult([client, other], { catalog, plan, policy, copied }, signal)),
      );
      return { shifted, result, major: await readMajor(client) };
    });
    writtenAhead = writeAhead(target, database, AbortSignal.any([signal, over.signal]));
    // Heard when it shuts down.
    writtenAhead.catch(() => {});
    // Nobody waits for it while the result is searched.
    const libcSaid = runInTarget(target, ['sh', '-c', 'ldd --version 2>&1 | head -n 1'], {}, signal);
    libcSaid.catch(() => {});
    const audited = await phase('audit', 'searching the result for originals', () =>
      auditResult(audit, { target, database, major, threads: searchThreads, signal }, expected, {
        // Set once it is over: they would hold for greenroom's own sessions, too.
        'settings of roles and databases': textsOfSettings(prepared.settings),
      }),
    );
    const libc = (await libcSaid).stdout.trim();
    warnings.push(...(await applySettings(target, database, prepared.settings)));
    await applyDatabaseGrants(target, database, prepared.databaseGrants);
    await phase('shutdown', 'shutting down cleanly', async () => {
      await writtenAhead;
      await finishTarget(target);
    });
    onProgress('done');
    return writeReport({
      ...{ ...prepared.described, takenAt: facts.at, catalog, plan, policy, key: options.key, copied, ...result },
      ...{ durationMs, warnings, audit: audited, sequences: shifted, replayDelayMs: reading.replayDelayMs },
      ...(dump ? { dump: dump.report } : {}),
      target: {
        ...{ postgresMajor: major, libc, dataPath: dataPathOf(spec), superuser: spec.superuser },
        ...{ database, schemaOwner },
      },
    });
  } catch (error) {
    const reason = signal.aborted
      ? signal.reason
      : await captureProblem(error, { source: isReading ? source : undefined, server, host, spec });
    await removeTarget(host, spec);
    throw reason;
  } finally {
    over.abort();
    await writtenAhead.catch(() => {});
    endStatements();
    await endThreads([...threads, ...searchThreads]);
    closeAudit();
    options.signal.removeEventListener('abort', finishReading);
    await finishReading();
  }
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
