import { type Mistake, Problem } from '../errors.ts';
import { type CatalogTable, type MaskingCatalog, tableName } from './catalog.ts';
import type { Place } from './kind.ts';
import { kinds } from './kinds/index.ts';
import { linkColumns } from './links.ts';
import { misfits } from './misfits.ts';
import { placeOf } from './place.ts';
import { type ColumnRule, howToClassify, isKeep, type Policy } from './policy.ts';
import { createPools, type Pool, tiesOf } from './pools.ts';

/** One column to copy, and what happens to it on the way. */
export interface PlannedColumn {
  name: string;
  rule: ColumnRule;
  place: Place;
  isArray: boolean;
}

export interface PlannedTable {
  schema: string;
  name: string;
  columns: PlannedColumn[];
}

export interface MaskingPlan {
  /** Every table that holds rows of its own, partitions one by one. */
  tables: PlannedTable[];
  /** Whose values have to be read before a row is masked. */
  pools: Pool[];
  warnings: Mistake[];
}

/**
 * Holds a policy against what the source has, and fails closed: a column that is not classified stops the capture.
 *
 * Not to be classified: generated columns and materialized views, which Postgres computes anew from masked rows; foreign
 * tables, which are not captured; partitions, which follow their partitioned table.
 *
 * @throws Problem `policy-invalid` with every rule that names what the source does not have or cannot hold, and every
 *   column that nothing classifies too; `policy-incomplete` when only such columns are wrong.
 */
export function planMasking(catalog: MaskingCatalog, policy: Policy): MaskingPlan {
  const missing: Mistake[] = [];
  const wrong: Mistake[] = [];
  const warnings: Mistake[] = [];
  const byName = new Map(catalog.tables.map((table) => [tableName(table), table]));

  for (const name of Object.keys(policy.tables)) wrong.push(...strangersIn(name, policy, byName));

  const classified = catalog.tables.filter((table) => table.kind === 'r' || table.kind === 'p');
  const { isUnique, mistakes } = linkColumns(catalog, policy);
  wrong.push(...mistakes);
  const pools = createPools();
  const tables: PlannedTable[] = [];
  for (const table of classified) {
    const name = table.partitionOf ?? tableName(table);
    const rules = policy.tables[name] ?? {};
    const columns: PlannedColumn[] = [];
    for (const column of table.columns) {
      if (column.generated) continue;
      const rule = ownRule(rules, column.name);
      const where = `${name}.${column.name}`;
      if (!rule) {
        if (!table.partitionOf)
          missing.push({ where, what: `${column.type} is not classified`, remedy: howToClassify });
        continue;
      }
      const place = placeOf(column, isUnique(name, column.name));
      if (!isKeep(rule) && rule.mask === 'shuffle') place.pool = pools.add(table, column, rule);
      if (!table.partitionOf) wrong.push(...misfits(where, table, column, rule, place));
      if (!table.partitionOf && !isKeep(rule) && kinds[rule.mask]!.unique === 'on-request' && place.unique) {
        warnings.push({
          where,
          what: `is unique, so its values carry ten characters of the hash: they differ from those of the same originals elsewhere`,
        });
      }
      columns.push({ name: column.name, rule, place, isArray: column.isArray });
    }
    if (table.kind === 'r') tables.push({ schema: table.schema, name: table.name, columns });
  }

  wrong.push(...pools.torn(tiesOf(catalog.foreignKeys)));
  const unclassified =
    'The masking policy leaves columns unclassified, and nothing is captured until it says what happens to them';
  if (wrong.length > 0) {
    throw new Problem('policy-invalid', 'The masking policy does not fit the source', {
      errors: [...wrong, ...missing],
    });
  }
  if (missing.length > 0) {
    throw new Problem('policy-incomplete', unclassified, { where: missing[0]!.where, errors: missing });
  }
  return { tables, pools: pools.all(), warnings };
}

/** A rule by the column's name; `constructor` and the like are columns too. */
export function ownRule(rules: Record<string, ColumnRule>, column: string): ColumnRule | undefined {
  return Object.hasOwn(rules, column) ? rules[column] : undefined;
}

function strangersIn(name: string, policy: Policy, byName: Map<string, CatalogTable>): Mistake[] {
  const table = byName.get(name);
  if (!table)
    return [
      {
        where: name,
        what: 'is no table of the source',
        remedy: 'Correct the name (schema.table), or remove the entry',
      },
    ];
  if (table.partitionOf) {
    return [
      {
        where: name,
        what: `is a partition of ${table.partitionOf}`,
        remedy: `Classify the columns of ${table.partitionOf}`,
      },
    ];
  }
  const columns = new Map(table.columns.map((column) => [column.name, column]));
  return Object.keys(policy.tables[name]!).flatMap((column) => {
    const where = `${name}.${column}`;
    if (!columns.has(column))
      return [{ where, what: 'is no column of the source', remedy: 'Correct the name, or remove the entry' }];
    if (!columns.get(column)!.generated) return [];
    return [
      { where, what: 'is a generated column, which Postgres computes from masked ones', remedy: 'Remove the entry' },
    ];
  });
}
