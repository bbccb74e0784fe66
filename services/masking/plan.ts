import { type Mistake, Problem } from '../errors.ts';
import { type CatalogColumn, type CatalogTable, type MaskingCatalog, tableName } from './catalog.ts';
import type { Family, Kind, Place } from './kind.ts';
import { kinds } from './kinds/index.ts';
import { linkColumns } from './links.ts';
import { type ColumnRule, howToClassify, isKeep, type Policy } from './policy.ts';
import { strangersAmong } from './quasi-identifiers.ts';

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
  wrong.push(...strangersAmong(policy.quasiIdentifiers ?? {}, catalog));

  const classified = catalog.tables.filter((table) => table.kind === 'r' || table.kind === 'p');
  const { isUnique, mistakes } = linkColumns(catalog, policy);
  wrong.push(...mistakes);
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
      if (!table.partitionOf) wrong.push(...misfits(where, column, rule, place));
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
  return { tables, warnings };
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

const families: Record<string, Family> = {
  ...{ text: 'text', varchar: 'text', bpchar: 'text', citext: 'text', name: 'text' },
  ...{ uuid: 'uuid', inet: 'inet', cidr: 'cidr', date: 'date', timestamp: 'timestamp', timestamptz: 'timestamp' },
  ...{ int2: 'integer', int4: 'integer', int8: 'integer', numeric: 'decimal', float4: 'decimal', float8: 'decimal' },
  ...{ json: 'json', jsonb: 'json' },
};

function placeOf(column: CatalogColumn, unique: boolean): Place {
  return {
    family: families[column.baseType] ?? 'other',
    type: column.baseType,
    unique,
    ...(column.limit === null ? {} : { limit: column.limit }),
    ...(column.precision === null ? {} : { precision: column.precision, scale: column.scale ?? 0 }),
  };
}

/** What makes a kind unfit for a column. */
function misfits(where: string, column: CatalogColumn, rule: ColumnRule, place: Place): Mistake[] {
  if (isKeep(rule)) return [];
  const kind = kinds[rule.mask]!;
  const mistakes: Mistake[] = [];
  if (!kind.holds.includes(place.family)) {
    const fitting = Object.keys(kinds).filter((name) => kinds[name]!.holds.includes(place.family));
    mistakes.push({
      where,
      what: `${column.type} cannot hold the mask ${rule.mask}`,
      remedy: `Use one of: ${fitting.join(', ')}; or keep`,
    });
  } else if (kind.shortest !== undefined && place.limit !== undefined && place.limit < kind.shortest) {
    mistakes.push({
      where,
      what: `${column.type} is too short for the mask ${rule.mask}, which needs ${kind.shortest} characters`,
      remedy: 'Use token, which keeps the length',
    });
  }
  if (rule.mask === 'null' && column.notNull) {
    mistakes.push({
      where,
      what: 'is NOT NULL and cannot be masked with null',
      remedy: 'Use constant, or another mask',
    });
  }
  if (place.unique && uniquenessOf(kind, rule) === 'never') {
    mistakes.push({
      where,
      what: `is unique, and the mask ${rule.mask} gives different originals the same value`,
      remedy: uniqueKindsFor(place),
    });
  }
  return mistakes;
}

function uniquenessOf(kind: Kind, rule: ColumnRule): string {
  return typeof kind.unique === 'function' && !isKeep(rule) ? kind.unique(rule) : String(kind.unique);
}

function uniqueKindsFor(place: Place): string {
  const fitting = Object.entries(kinds).filter(
    ([name, kind]) => name !== 'null' && kind.holds.includes(place.family) && kind.unique !== 'never',
  );
  const names = fitting.map(([name]) => (name === 'date' ? 'date with per: snapshot' : name));
  return names.length > 0 ? `Use one of: ${names.join(', ')}; or keep` : 'Keep it, or leave it out with null';
}
