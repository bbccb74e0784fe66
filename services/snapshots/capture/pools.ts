import type pg from 'pg';
import { longestPooled, mostPooled, type Pool, type PooledColumn, shuffled } from '../../masking/plan/pools.ts';
import { identifier } from '../../quoting.ts';
import type { DumpRows } from '../../sources/dump/rows.ts';
import { valuesIn } from '../../sources/dump/values.ts';
import { awaitPace, type Pace } from '../../sources/pace.ts';

/** Rows a round trip: 5 MB of the longest. */
const fetchedRows = 5000;

/**
 * Reads the different values of columns that are shuffled, or drawn, in the exported snapshot of `source`, into memory; from the
 * dump's rows, where those are not in the source. They are told apart here, not by the server: what it would sort or hash
 * is read at once, whatever the pace.
 *
 * @returns what each value becomes, by the name of its pool.
 * @throws Problem `policy-invalid` naming the columns of a pool that has too many values, too long ones, or only one.
 */
export async function readPools(
  source: pg.Client,
  pools: readonly Pool[],
  {
    key,
    signal,
    pace,
    dump,
  }: {
    key: Uint8Array;
    signal: AbortSignal;
    pace?: Pace | undefined;
    dump?: DumpRows | undefined;
  },
): Promise<Map<string, Map<string, string>>> {
  const read = new Map<string, Map<string, string>>();
  for (const pool of pools) {
    const values = new Set<string>();
    const ignoresCase = pool.columns.some((column) => column.ignoresCase);
    for (const column of pool.columns) {
      const found = dump ? await dumped(source, dump, column, signal) : await asked(source, column, pace);
      for (const value of found) if (value !== '') values.add(ignoresCase ? value.toLowerCase() : value);
    }
    read.set(pool.name, shuffled(key, pool, values));
  }
  return read;
}

async function asked(source: pg.Client, column: PooledColumn, pace: Pace | undefined): Promise<Iterable<string>> {
  const values = new Set<string>();
  await source.query(`DECLARE pool NO SCROLL CURSOR FOR ${valuesOf(column)}`);
  while (values.size <= mostPooled) {
    const { rows } = await source.query<[string]>({ text: `FETCH ${fetchedRows} FROM pool`, rowMode: 'array' });
    let bytes = 0;
    for (const [value] of rows) {
      values.add(value);
      bytes += Buffer.byteLength(value);
    }
    if (pace) await awaitPace(pace, bytes);
    if (rows.length < fetchedRows) break;
  }
  await source.query('CLOSE pool');
  return values;
}

/** A partitioned table has no rows of its own: each partition's are dumped apart. */
async function dumped(
  source: pg.Client,
  dump: DumpRows,
  column: PooledColumn,
  signal: AbortSignal,
): Promise<Iterable<string>> {
  const values = new Set<string>();
  const { rows: tables } = await source.query<{ schema: string; table: string }>(
    `SELECT n.nspname AS schema, c.relname AS table
     FROM pg_catalog.pg_partition_tree($1::pg_catalog.regclass) t JOIN pg_catalog.pg_class c ON c.oid = t.relid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.isleaf`,
    [`${identifier(column.schema)}.${identifier(column.table)}`],
  );
  for (const table of column.isPartitioned ? tables : [column])
    for (const value of await valuesIn(dump, table, column.column, mostPooled + 1, signal)) values.add(value);
  return values;
}

/**
 * As COPY prints them: `format` calls a type's output function, where a cast to text may print otherwise. A composite value
 * with a field that is NULL is no `IS NOT NULL`.
 */
function valuesOf({ schema, table, column, isPartitioned }: PooledColumn): string {
  const name = `${isPartitioned ? '' : 'ONLY '}${identifier(schema)}.${identifier(table)}`;
  return `SELECT left(format('%s', ${identifier(column)}), ${longestPooled + 1}) FROM ${name} WHERE ${identifier(column)} IS DISTINCT FROM NULL`;
}
