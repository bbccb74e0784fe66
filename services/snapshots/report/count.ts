import type pg from 'pg';
import type { components } from '../../../openapi/types.ts';
import { identifier } from '../../quoting.ts';
import { type ColumnStatistics, statisticsOf } from './column-statistics.ts';

export type Count = components['schemas']['Count'];

export interface ColumnCounts {
  nulls: Count;
  /** Absent where it is not counted and the planner knows nothing either, as of json. */
  distinct?: Count;
  /** By itself, and never NULL; at the source, too, whose indexes the result has. */
  unique?: true;
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
      const { table, sizeBytes, ...known } = next;
      signal.throwIfAborted();
      left -= sizeBytes;
      counted.set(
        `${table.schema}.${table.name}`,
        await (left >= 0 ? countTable : estimateTable)(client, table, known),
      );
    }
  };
  await Promise.all(clients.map(count));
  return counted;
}

/** What the catalog says of a table's columns, which is exact however large it is. */
interface Known {
  notNull: string[];
  /** By themselves, and never NULL. */
  unique: string[];
}

async function smallestFirst(client: pg.Client, tables: TableToCount[]) {
  const { rows } = await client.query<Known & { schema: string; name: string; size: number }>(
    `SELECT n.nspname AS schema, c.relname AS name, pg_catalog.pg_table_size(c.oid)::float8 AS size,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attnotnull) AS "notNull",
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_index i
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
         WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = 1 AND a.attnotnull) AS "unique"
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'`,
  );
  const found = new Map(rows.map((row) => [JSON.stringify([row.schema, row.name]), row]));
  return tables
    .map((table) => {
      const { size = 0, notNull = [], unique = [] } = found.get(JSON.stringify([table.schema, table.name])) ?? {};
      return { table, sizeBytes: size, notNull, unique };
    })
    .toSorted((a, b) => a.sizeBytes - b.sizeBytes);
}

/**
 * By the text of values, because json, xml and point know no equality; by a hash of it (64 bits: of a million values two
 * collide once in 37 million times), because a value may have 100 MB.
 */
async function countTable(
  client: pg.Client,
  { schema, name, rows, columns }: TableToCount,
  { unique }: Known,
): Promise<TableCounts> {
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
        ...(unique.includes(column) ? { unique: true } : {}),
      });
    }
  }
  return counts;
}

async function estimateTable(
  client: pg.Client,
  { schema, name, rows, columns }: TableToCount,
  known: Known,
): Promise<TableCounts> {
  const found = await statisticsOf(client, { schema, name });
  const statistics = new Map(found.map((column) => [column.name, column]));
  return new Map(columns.map((column) => [column, estimateColumn(rows, statistics.get(column)!, known)]));
}

function estimateColumn(
  rows: number,
  { name, null_fraction, distinct_values }: ColumnStatistics,
  { notNull, unique }: Known,
): ColumnCounts {
  const none: Count = { count: 0, exact: true };
  if (unique.includes(name)) return { nulls: none, distinct: { count: rows, exact: true }, unique: true };
  const nulls = notNull.includes(name) ? none : { count: Math.round((null_fraction ?? 0) * rows), exact: false };
  if (!distinct_values) return { nulls };
  const distinct = distinct_values < 0 ? -distinct_values * rows : distinct_values;
  return { nulls, distinct: { count: Math.min(rows - nulls.count, Math.max(1, Math.round(distinct))), exact: false } };
}
