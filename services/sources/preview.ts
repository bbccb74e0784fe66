import type { Readable } from 'node:stream';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { components } from '../../openapi/types.ts';
import { Problem } from '../errors.ts';
import { tableName } from '../masking/catalog.ts';
import { dictionaries } from '../masking/dictionaries.ts';
import { kinds } from '../masking/kinds/index.ts';
import { createMaterials } from '../masking/materials.ts';
import type { PlannedColumn, PlannedTable } from '../masking/plan/plan.ts';
import { planTable } from '../masking/plan/plan-table.ts';
import { parsePolicy } from '../masking/policy/policy.ts';
import { isKeep } from '../masking/policy/rule.ts';
import { type SourceSchema, schemaChanges } from '../masking/policy/schema-changes.ts';
import { maskCopied, previewColumns } from '../masking/rows/preview.ts';
import { createTableMask } from '../masking/rows/table.ts';
import { identifier } from '../quoting.ts';
import type { SourceAddress } from './address.ts';
import { readCatalog, readServer, type SourceTable } from './catalog.ts';
import { sampledFrom } from './sample.ts';
import { readSchema } from './schema.ts';
import { chooseSchemas, withinSchemas } from './schemas.ts';
import { inReadOnlyTransaction } from './session.ts';

type Preview = components['schemas']['PolicyPreview'];

const statementTimeoutMs = 10_000;
/** Rows that store more than this are passed over. */
const rowBytes = 256 << 10;

/**
 * Masks a few rows of a table in memory, by the masks and the key of a capture, and fails as a capture would at that
 * table; how many values a shuffled column has is for a capture alone to count. What masked columns held is nowhere in
 * the answer.
 *
 * @param source its `knownSchema` is the one that the policy was set for; undefined for a policy that was not.
 * @throws Problem `not-found`, `schema-changed`, `policy-invalid`, `policy-incomplete`, `source-unreachable`, `source-refused`
 */
export async function previewTable(
  source: { address: SourceAddress; key: Uint8Array; policy: unknown; knownSchema?: SourceSchema | undefined },
  name: string,
  rows: number,
): Promise<Preview> {
  const policy = parsePolicy(source.policy);
  return inReadOnlyTransaction(source.address, statementTimeoutMs, async (client) => {
    const { schemas } = source.address;
    const catalog = withinSchemas(await readCatalog(client, schemas), await chooseSchemas(client, schemas));
    const table = catalog.tables.find((one) => tableName(one) === name);
    if (!table || table.partitionOf || (table.kind !== 'r' && table.kind !== 'p')) throw noTable(name, table);
    const { knownSchema } = source;
    const changes = knownSchema ? schemaChanges(knownSchema, await readSchema(client, schemas)) : [];
    const { tables: parts } = planTable(catalog, policy, name, changes);
    const { encoding } = await readServer(client);
    const materials = createMaterials(source.key, dictionaries(policy.locale), new Map(), encoding);
    const typeOf = (column: string) => table.columns.find((one) => one.name === column)!.type;
    // Partitions may have their columns in another order; a partitioned table without any has no rows to show.
    const [first] = parts;
    const columns = first ? previewColumns(first, typeOf) : [];
    const preview: Preview = { table: name, treatment: 'masked', columns, rows: [] };
    for (const part of parts) {
      if (preview.rows.length >= rows) break;
      const found = catalog.tables.find((one) => tableName(one) === tableName(part))!;
      const copied = await copyRows(client, found, part, rows - preview.rows.length);
      const masked = maskCopied(copied, part, createTableMask(materials, withoutPools(part)));
      const places = columns.map((column) => part.columns.findIndex((one) => one.name === column.name));
      columns.forEach((column, index) => {
        column.values += masked.columns[places[index]!]!.values;
        column.changed += masked.columns[places[index]!]!.changed;
      });
      preview.rows.push(...masked.rows.map((row) => places.map((place) => row[place]!)));
    }
    return preview;
  });
}

/** Values that are shuffled or drawn are real ones, of somebody else's rows: none is shown, so none has to be read for it. */
function withoutPools(part: PlannedTable): PlannedTable {
  const unless = (column: PlannedColumn): PlannedColumn =>
    !isKeep(column.rule) && kinds[column.rule.mask]!.pooled?.(column.rule)
      ? { ...column, rule: { mask: 'constant', value: column.rule.mask === 'shuffle' ? '(shuffled)' : '(drawn)' } }
      : column;
  return { ...part, columns: part.columns.map(unless) };
}

async function copyRows(client: pg.Client, table: SourceTable, part: PlannedTable, rows: number): Promise<Buffer> {
  const columns = part.columns.map(({ name }) => identifier(name));
  const list = columns.join(', ');
  const size = columns.map((column) => `coalesce(pg_column_size(${column}), 0)`).join(' + ') || '0';
  for (const from of sampledFrom(table, rows)) {
    const select = `SELECT ${list} FROM (SELECT ${list} FROM ${from}) AS sample WHERE ${size} <= ${rowBytes} LIMIT ${rows}`;
    const copied = Buffer.concat(await (client.query(copyTo(`COPY (${select}) TO STDOUT`)) as Readable).toArray());
    if (copied.length > 0) return copied;
  }
  return Buffer.alloc(0);
}

function noTable(name: string, table: SourceTable | undefined): Problem {
  const what = !table
    ? 'is no table of the source'
    : table.partitionOf
      ? `is a partition of ${table.partitionOf}, whose rules it follows`
      : 'is no table that rows are captured of';
  return new Problem('not-found', `${name} ${what}`, {
    where: name,
    remedy: 'Name a table as schema.table; the source’s probe lists them.',
  });
}
