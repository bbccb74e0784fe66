import type pg from 'pg';
import { longestPooled, mostPooled, type Pool, type PooledColumn, shuffled } from '../../masking/pools.ts';
import { identifier } from '../../quoting.ts';
import type { DumpRows } from '../../sources/dump/rows.ts';
import { valuesIn } from '../../sources/dump/values.ts';

/**
 * Reads the different values of columns that are shuffled, in the exported snapshot of `source`, into memory; from the
 * dump's rows, where those are not in the source.
 *
 * @returns what each value becomes, by the name of its pool.
 * @throws Problem `policy-invalid` naming the columns of a pool that has too many values, too long ones, or only one.
 */
export async function readPools(
  source: pg.Client,
  pools: readonly Pool[],
  key: Uint8Array,
  dump?: DumpRows,
): Promise<Map<string, Map<string, string>>> {
  const read = new Map<string, Map<string, string>>();
  for (const pool of pools) {
    const values = new Set<string>();
    for (const column of pool.columns) {
      const found = dump ? await dumped(source, dump, column) : await asked(source, column);
      for (const value of found) if (value !== '') values.add(column.ignoresCase ? value.toLowerCase() : value);
    }
    read.set(pool.name, shuffled(key, pool, values));
  }
  return read;
}

async function asked(source: pg.Client, column: PooledColumn): Promise<Iterable<string>> {
  const { rows } = await source.query<{ value: string }>(valuesOf(column), [longestPooled + 1, mostPooled + 1]);
  return rows.map(({ value }) => value);
}

/** A partitioned table has no rows of its own: each partition's are dumped apart. */
async function dumped(source: pg.Client, dump: DumpRows, column: PooledColumn): Promise<Iterable<string>> {
  const values = new Set<string>();
  const { rows: tables } = await source.query<{ schema: string; table: string }>(
    `SELECT n.nspname AS schema, c.relname AS table
     FROM pg_catalog.pg_partition_tree($1::pg_catalog.regclass) t JOIN pg_catalog.pg_class c ON c.oid = t.relid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.isleaf`,
    [`${identifier(column.schema)}.${identifier(column.table)}`],
  );
  for (const table of column.isPartitioned ? tables : [column])
    for (const value of await valuesIn(dump, table, column.column, mostPooled + 1)) values.add(value);
  return values;
}

/** As COPY prints them: `format` calls a type's output function, where a cast to text may print otherwise. */
function valuesOf({ schema, table, column, isPartitioned }: PooledColumn): string {
  const name = `${isPartitioned ? '' : 'ONLY '}${identifier(schema)}.${identifier(table)}`;
  return `SELECT DISTINCT left(format('%s', ${identifier(column)}), $1) COLLATE "C" AS value
    FROM ${name} WHERE ${identifier(column)} IS NOT NULL LIMIT $2`;
}
