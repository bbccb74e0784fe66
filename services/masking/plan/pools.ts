import { createHmac } from 'node:crypto';
import { type Mistake, Problem } from '../../errors.ts';
import { type CatalogColumn, type CatalogForeignKey, type CatalogTable, tableName } from '../catalog.ts';
import { domainKey } from '../keyed/key.ts';
import type { MaskRule } from '../kind.ts';
import { writing } from './links.ts';

/** Columns whose values are shuffled with one another, or one whose values are drawn. */
export interface Pool {
  name: string;
  columns: PooledColumn[];
}

export interface PooledColumn {
  schema: string;
  table: string;
  column: string;
  isPartitioned: boolean;
  ignoresCase: boolean;
}

/** Two columns (`schema.table.column`) in which the same original has to come out the same, and what says so. */
export interface PooledTie {
  by: string;
  from: string;
  to: string;
}

export function tiesOf(foreignKeys: readonly CatalogForeignKey[]): PooledTie[] {
  return foreignKeys.flatMap(({ name, table, columns, references, referencedColumns }) =>
    columns.map((column, index) => ({
      by: `the foreign key ${name}`,
      from: `${table}.${column}`,
      to: `${references}.${referencedColumns[index]}`,
    })),
  );
}

/** Two columns that differ in this may print one value in two ways, and it would become two others. */
function formOf(column: CatalogColumn): string {
  return `${writing(column)} ${column.baseType === 'bpchar' ? column.limit : column.scale}`;
}

/** Collects the pools of a policy. Partitions follow their partitioned table. */
export function createPools() {
  const pools = new Map<string, Pool>();
  const ownPools = new Set<string>();
  const mixed: Mistake[] = [];
  const firstOf = new Map<string, { where: string; column: CatalogColumn }>();
  return {
    /** @returns the pool's name. */
    add(table: CatalogTable, column: CatalogColumn, rule: MaskRule): string {
      const where = `${table.partitionOf ?? tableName(table)}.${column.name}`;
      const name = rule.pool === undefined ? `column ${where}` : `pool ${rule.pool}`;
      if (rule.pool === undefined) ownPools.add(where);
      if (table.partitionOf) return name;
      const pool = pools.get(name) ?? { name, columns: [] };
      pools.set(name, pool);
      const first = firstOf.get(name) ?? { where, column };
      firstOf.set(name, first);
      if (formOf(first.column) !== formOf(column))
        mixed.push({
          where,
          what: `is ${column.type} in one pool with ${first.where}, which is ${first.column.type}: they may print one value in two ways`,
          remedy: 'Use token for columns that have to join, or keep them; for others another `pool`',
        });
      pool.columns.push({
        ...{ schema: table.schema, table: table.name, column: column.name },
        ...{ isPartitioned: table.kind === 'p', ignoresCase: column.baseType === 'citext' },
      });
      return name;
    },
    all: () => [...pools.values()],
    /** Columns of a pool that print the same value otherwise than the first of it. */
    mixed: () => mixed,
    /** Columns that are tied and shuffled each on its own, so that no key would find its row. */
    torn(ties: readonly PooledTie[]): Mistake[] {
      return ties
        .filter(({ from }) => ownPools.has(from))
        .map(({ by, from, to }) => ({
          where: from,
          what: `is shuffled on its own, and ${by} ties it to ${to}`,
          remedy: 'Give both columns the same `pool`',
        }));
    },
  };
}

/** The most distinct values of a pool: they are held in the memory of every thread. */
export const mostPooled = 50_000;
/** The most characters of each: 50 MB in all. */
export const longestPooled = 1000;

/**
 * What each value of a pool becomes: all of them in the order of their hashes, each is replaced by the next. One cycle,
 * so none stays what it was and none comes up twice.
 *
 * @throws Problem `policy-invalid` where there are fewer than two values, or more than are held.
 */
export function shuffled(key: Uint8Array, { name, columns }: Pool, values: ReadonlySet<string>): Map<string, string> {
  const where = columns.map(({ schema, table, column }) => `${schema}.${table}.${column}`).join(', ');
  const refuse = (what: string, remedy: string) =>
    new Problem('policy-invalid', `${where} has values that cannot be shuffled or drawn: ${what}`, { where, remedy });
  if (values.size > mostPooled)
    throw refuse(
      `it has more than ${mostPooled} different values`,
      'Use another mask: so many values can be told apart',
    );
  if ([...values].some((value) => value.length > longestPooled))
    throw refuse(`it has values of more than ${longestPooled} characters`, 'Use text, or constant');
  if (values.size === 1) throw refuse('all its rows have one value', 'Use constant, or keep');
  const poolKey = domainKey(key, `shuffle:${name}`);
  const hashed = [...values].map((value) => ({
    value,
    hash: createHmac('sha256', poolKey).update(value).digest('hex'),
  }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return new Map(hashed.map(({ value }, index) => [value, hashed[(index + 1) % hashed.length]!.value]));
}
