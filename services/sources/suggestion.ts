import type pg from 'pg';
import type { components } from '../../openapi/types.ts';
import { type CatalogColumn, tableName } from '../masking/catalog.ts';
import { parsePolicy } from '../masking/policy/policy.ts';
import { familyOf } from '../masking/suggest/decide-column.ts';
import { type ColumnSample, createColumnSampler } from '../masking/suggest/samples.ts';
import { suggestPolicy } from '../masking/suggest/suggest.ts';
import { loadVocabulary, type Vocabulary } from '../masking/suggest/vocabulary.ts';
import type { SourceAddress } from './address.ts';
import { catalogQuery, readCatalog, type SourceCatalog, type SourceTable } from './catalog.ts';
import { isCut, withoutValues } from './errors.ts';
import { createPace, type Pace } from './pace.ts';
import { readSample } from './sample.ts';
import { chooseSchemas, withinSchemas } from './schemas.ts';
import { inReadOnlyTransaction } from './session.ts';

type Schemas = components['schemas'];

/** Of reading all samples; what is not sampled by then is judged by names and types. */
const readingTimeMs = 60_000;
const statementTimeoutMs = 5_000;
/** A table that somebody has locked holds up the others no longer; shorter than a statement's, so that what stood in the way is said. */
const lockTimeoutMs = 2_000;
/** Of a partitioned table, so many of its largest partitions. */
const sampledPartitions = 4;

/**
 * Proposes a masking policy for a source from names, types, keys and a sample of values, read only and bounded. Nothing
 * of what was read leaves this function but counts.
 *
 * @param existing the policy there is: only what it lacks and what looks wrong is proposed then.
 * @throws Problem `source-unreachable`, `source-refused`, `policy-invalid`
 */
export async function suggestForSource(
  address: SourceAddress,
  existing: unknown,
): Promise<Schemas['PolicySuggestion']> {
  const policy = existing === undefined ? undefined : parsePolicy(existing);
  const vocabulary = await loadVocabulary();
  const seen = await inReadOnlyTransaction(address, statementTimeoutMs, async (client) => {
    const deadline = Date.now() + readingTimeMs;
    const lockMs = Math.min(lockTimeoutMs, address.limits?.lockTimeoutMs ?? lockTimeoutMs);
    await client.query(`SET LOCAL lock_timeout = ${lockMs}`);
    const catalog = withinSchemas(
      await readCatalog(client, address.schemas),
      await chooseSchemas(client, address.schemas),
    );
    const facts = await readFacts(client);
    const samples = new Map<string, Map<string, ColumnSample>>();
    const tables: Schemas['SampledTable'][] = [];
    const { megabytesPerSecond } = address.limits ?? {};
    const pace = megabytesPerSecond === undefined ? undefined : createPace(megabytesPerSecond);
    for (const table of catalog.tables) {
      if ((table.kind !== 'r' && table.kind !== 'p') || table.partitionOf !== null) continue;
      const parts = partsOf(catalog, table);
      const name = tableName(table);
      const sampled = await sampleTable(client, table, parts, vocabulary, pace, deadline);
      samples.set(name, sampled.columns);
      tables.push({ name, rows: sampled.rows, ...(sampled.note === undefined ? {} : { note: sampled.note }) });
    }
    return { catalog, facts, samples, tables };
  });
  const { catalog, facts, samples, tables } = seen;
  const sampleOf = (table: string, column: string) => samples.get(table)?.get(column);
  const suggestion = suggestPolicy({ catalog, policy, sampleOf, ...facts });
  return { ...suggestion, policy: suggestion.policy as unknown as Schemas['MaskingPolicy'], tables };
}

/** What holds a table's rows: itself, or the largest of its partitions. */
function partsOf(catalog: SourceCatalog, table: SourceTable): SourceTable[] {
  if (table.kind === 'r') return [table];
  const partitions = catalog.tables.filter(({ kind, partitionOf }) => kind === 'r' && partitionOf === tableName(table));
  return partitions.sort((a, b) => b.heapBytes - a.heapBytes).slice(0, sampledPartitions);
}

/** Bytes tell nothing, and to print arrays of the source's own types as JSON, its own functions would run. */
function isLookedAt({ generated, baseType, isArray }: CatalogColumn): boolean {
  return !generated && baseType !== 'bytea' && !(isArray && familyOf(baseType) === 'other');
}

async function sampleTable(
  client: pg.Client,
  table: SourceTable,
  parts: SourceTable[],
  vocabulary: Vocabulary,
  pace: Pace | undefined,
  deadline: number,
): Promise<{ rows: number; columns: Map<string, ColumnSample>; note?: string }> {
  const columns = table.columns.filter(isLookedAt);
  const samplers = columns.map((column) => createColumnSampler(vocabulary, column));
  let rows = 0;
  let note: string | undefined;
  for (const part of parts) {
    if (!part.readable) note = 'the login may not SELECT it, so only names and types were looked at';
    else if (part.rowSecurity)
      note = 'row security hides rows of it from the login, so only names and types were looked at';
    else if (Date.now() > deadline) note = 'the time for reading was used up, so only names and types were looked at';
    if (note !== undefined) break;
    try {
      rows += await readSample(client, part, columns, pace, (values) => {
        for (const [index, value] of values.entries()) samplers[index]!.add(value);
      });
    } catch (error) {
      // A lock, a time-out, a type that cannot be printed: of one table, and no reason to stop.
      if (isCut(error)) throw error;
      note = `it could not be read whole: ${withoutValues(error)}`;
    }
    // The detectors work in the meantime; others have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const sampled = new Map(columns.map((column, index) => [column.name, samplers[index]!.sample()]));
  return { rows, columns: sampled, ...(note === undefined ? {} : { note }) };
}

async function readFacts(client: pg.Client) {
  const enums = await catalogQuery<{ name: string }>(client, 'enum-types');
  const keys = await catalogQuery<{ column: string }>(client, 'partition-keys');
  return {
    enumTypes: new Set(enums.map(({ name }) => name)),
    partitionKeys: new Set(keys.map(({ column }) => column)),
  };
}
