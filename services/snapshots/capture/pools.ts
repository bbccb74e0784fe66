import type pg from 'pg';
import { longestPooled, mostPooled, type Pool, type PooledColumn, shuffled } from '../../masking/pools.ts';
import { identifier } from '../adopt.ts';

/**
 * Reads the different values of columns that are shuffled, in the exported snapshot of `source`, into memory.
 *
 * @returns what each value becomes, by the name of its pool.
 * @throws Problem `policy-invalid` naming the columns of a pool that has too many values, too long ones, or only one.
 */
export async function readPools(
  source: pg.Client,
  pools: readonly Pool[],
  key: Uint8Array,
): Promise<Map<string, Map<string, string>>> {
  const read = new Map<string, Map<string, string>>();
  for (const pool of pools) {
    const values = new Set<string>();
    for (const column of pool.columns) {
      const { rows } = await source.query<{ value: string }>(valuesOf(column), [longestPooled + 1, mostPooled + 1]);
      for (const { value } of rows) if (value !== '') values.add(column.ignoresCase ? value.toLowerCase() : value);
    }
    read.set(pool.name, shuffled(key, pool, values));
  }
  return read;
}

/** As COPY prints them: `format` calls a type's output function, where a cast to text may print otherwise. */
function valuesOf({ schema, table, column, isPartitioned }: PooledColumn): string {
  const name = `${isPartitioned ? '' : 'ONLY '}${identifier(schema)}.${identifier(table)}`;
  return `SELECT DISTINCT left(format('%s', ${identifier(column)}), $1) COLLATE "C" AS value
    FROM ${name} WHERE ${identifier(column)} IS NOT NULL LIMIT $2`;
}
