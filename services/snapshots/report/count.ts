import type pg from 'pg';
import type { components } from '../../../openapi/types.ts';
import { identifier } from '../../quoting.ts';
import { type ColumnStatistics, statisticsOf } from './column-statistics.ts';

export type Count = components['schemas']['Count'];

export interface ColumnCounts {
  nulls: Count;
  /** Absent where it is not counted and the planner knows nothing either, as of json. */
  distinct?: Count;
}

/** By column. */
export type TableCounts = Map<string, ColumnCounts>;

export interface TableToCount {
  schema: string;
  name: string;
  rows: number;
  columns: string[];
}

/** How much of the result is read to count it exactly: an eighth of a second or so (62 MB took 1.0 s), whatever its size. */
const exactBytes = 8 << 20;
/** A query lists 1,664 columns at most, and each DISTINCT sorts in memory of its own. */
const columnsAtOnce = 100;

/**
 * Counts NULLs and different values of every column of the result, by `schema.table`: exactly, the smallest tables
 * first, until `budgetBytes` have been read; of the others by the statistics that ANALYZE has just made.
 * @param clients count a table each at a time
 */
export async function countColumns(
  clients: readonly [pg.Client, ...pg.Client[]],
  tables: TableToCount[],
  signal: AbortSignal,
  budgetBytes = exactBytes,
): Promise<Map<string, TableCounts>> {
  const counted = new Map<string, TableCounts>();
  const waiting = await smallestFirst(clients[0], tables);
  let left = budgetBytes;
  const count = async (client: pg.Client) => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { table, sizeBytes } = next;
      signal.throwIfAborted();
      left -= sizeBytes;
      counted.set(`${table.schema}.${table.name}`, await (left >= 0 ? countTable : estimateTable)(client, table));
    }
  };
  await Promise.all(clients.map(count));
  return counted;
}

async function smallestFirst(client: pg.Client, tables: TableToCount[]) {
  const { rows } = await client.query<{ schema: string; name: string; size: number }>(
    `SELECT n.nspname AS schema, c.relname AS name, pg_catalog.pg_table_size(c.oid)::float8 AS size
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'`,
  );
  const sizes = new Map(rows.map(({ schema, name, size }) => [JSON.stringify([schema, name]), size]));
  return tables
    .map((table) => ({ table, sizeBytes: sizes.get(JSON.stringify([table.schema, table.name])) ?? 0 }))
    .toSorted((a, b) => a.sizeBytes - b.sizeBytes);
}

/**
 * By the text of values, because json, xml and point know no equality; by a hash of it (64 bits: of a million values two
 * collide once in 37 million times), because a value may have 100 MB.
 */
async function countTable(client: pg.Client, { schema, name, rows, columns }: TableToCount): Promise<TableCounts> {
  const counts: TableCounts = new Map();
  for (let from = 0; from < columns.length; from += columnsAtOnce) {
    const some = columns.slice(from, from + columnsAtOnce);
    const wanted = some.map((column) => {
      const quoted = identifier(column);
      return `count(${quoted}), count(DISTINCT pg_catalog.hashtextextended(${quoted}::text COLLATE "C", 0))`;
    });
    const result = await client.query<string[]>({
      text: `SELECT ${wanted.join(', ')} FROM ONLY ${identifier(schema)}.${identifier(name)}`,
      rowMode: 'array',
    });
    for (const [index, column] of some.entries()) {
      const [present, distinct] = result.rows[0]!.slice(index * 2, index * 2 + 2).map(Number);
      counts.set(column, {
        nulls: { count: rows - present!, exact: true },
        distinct: { count: distinct!, exact: true },
      });
    }
  }
  return counts;
}

async function estimateTable(client: pg.Client, { schema, name, rows, columns }: TableToCount): Promise<TableCounts> {
  const found = await statisticsOf(client, { schema, name });
  const statistics = new Map(found.map((column) => [column.name, column]));
  return new Map(columns.map((column) => [column, estimateColumn(rows, statistics.get(column)!)]));
}

function estimateColumn(rows: number, { null_fraction, distinct_values, unique }: ColumnStatistics): ColumnCounts {
  if (unique) return { nulls: { count: 0, exact: true }, distinct: { count: rows, exact: true } };
  const nulls = Math.round((null_fraction ?? 0) * rows);
  if (!distinct_values) return { nulls: { count: nulls, exact: false } };
  const distinct = distinct_values < 0 ? -distinct_values * rows : distinct_values;
  return {
    nulls: { count: nulls, exact: false },
    distinct: { count: Math.min(rows - nulls, Math.max(1, Math.round(distinct))), exact: false },
  };
}
