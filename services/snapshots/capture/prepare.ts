import { freeBytes } from '../../engine/disk.ts';
import type { Mistake } from '../../errors.ts';
import { tableName } from '../../masking/catalog.ts';
import { planMasking } from '../../masking/plan/plan.ts';
import type { Policy } from '../../masking/policy/policy.ts';
import { serverOf } from '../../sources/address.ts';
import { readCatalog, readServer } from '../../sources/catalog.ts';
import { planRows } from '../../sources/dump/open.ts';
import { createPace } from '../../sources/pace.ts';
import { readSchema } from '../../sources/schema.ts';
import { chooseSchemas, refuseReferencesOut, withinSchemas } from '../../sources/schemas.ts';
import { inTheClear } from '../../sources/tls.ts';
import { describeSource } from '../report/source.ts';
import { readRoles, warningsOfRoles, withoutRole } from '../roles.ts';
import type { CaptureOptions } from './capture.ts';
import { cores, tasksOf } from './copy-data.ts';
import { readDatabaseGrants } from './database-grants.ts';
import { readLeftOut, warningsOf } from './left-out.ts';
import { readPools } from './pools.ts';
import type { Reading } from './reading.ts';
import { bytesOfDump, bytesOfTables, refuseTooLarge, refuseUnreadable } from './refusals.ts';
import { readSettings } from './settings.ts';

/**
 * Exports the snapshot and reads all that has to be known before anything is made: whatever is to be refused is refused
 * here. The source's session is left in the exporting transaction, which holds no lock.
 *
 * @throws Problem `source-refused`, `policy-invalid`, `policy-incomplete`, `schema-changed`, `engine-failed` (DiskFull)
 */
export async function prepareCapture(options: CaptureOptions, policy: Policy, reading: Reading, passedOver: Mistake[]) {
  // The engine is asked while the source is; nothing goes on there when that refuses.
  const free = freeBytes(options.host);
  free.catch(() => {});
  return prepareWithin(free, options, policy, reading, passedOver).finally(() => free.catch(() => {}));
}

async function prepareWithin(
  free: Promise<number>,
  options: CaptureOptions,
  policy: Policy,
  reading: Reading,
  passedOver: Mistake[],
) {
  const { dump } = options;
  const { session: source } = reading;
  const server = serverOf(reading.server);
  await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows: exported } = await source.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
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
  refuseTooLarge(dump ? bytesOfDump(dump) : await bytesOfTables(source, catalog), await free, server);
  const { megabytesPerSecond, workers = cores } = options.source.limits ?? {};
  const pace = megabytesPerSecond === undefined ? undefined : createPace(megabytesPerSecond);
  if (plan.pools.length > 0) options.onProgress('collecting the values of columns that are shuffled or drawn');
  const pools = await readPools(source, plan.pools, {
    key: options.key,
    signal: options.signal,
    pace,
    dump: dump?.rows,
  });
  const leftOut = await readLeftOut(source, {
    schemas,
    catalog,
    isReplica: reading.replayDelayMs !== undefined,
    isDump: dump !== undefined,
  });
  const roles = withoutRole(await readRoles(source), dump?.superuser);
  const settings = await readSettings(source, roles.names);
  const databaseGrants = await readDatabaseGrants(source, roles.names);
  const described = await describeSource(source, reading.server, facts, dump !== undefined);
  await source.query('ROLLBACK TO SAVEPOINT exported');

  const warnings: Mistake[] = [
    ...passedOver,
    // How the server that holds a dump's schema is reached says nothing about the source.
    ...(dump?.warnings ??
      inTheClear(reading.server).map(({ where, what, remedy }) => ({ where, what: `${what}. ${remedy}` }))),
    ...warningsOf(leftOut),
    ...warningsOfRoles(roles),
  ];
  if (facts.large_objects > 0) {
    warnings.push({
      where: 'pg_largeobject',
      what: `${facts.large_objects} large objects are left out: what is in them cannot be classified; their ids in rows lead nowhere`,
    });
  }
  const unlogged = new Set(leftOut.unlogged.map(tableName));
  return {
    ...{ exportedSnapshot: exported[0]!.id, facts, schemas, catalog, plan, pools, leftOut, described },
    sequences: catalog.sequences,
    ...{ roles, settings, databaseGrants, warnings, pace, workers },
    tasks: tasksOf(plan.tables, catalog, { major: facts.major, workers, isDump: dump !== undefined }).filter(
      ({ index }) => !unlogged.has(tableName(plan.tables[index]!)),
    ),
    /** About how many bytes there are to copy. */
    estimate: dump?.sizeBytes ?? catalog.tables.reduce((sum, { heapBytes }) => sum + heapBytes, 0),
  };
}
