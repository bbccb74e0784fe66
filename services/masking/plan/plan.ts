import { type Mistake, Problem } from '../../errors.ts';
import { type CatalogColumn, type CatalogTable, type MaskingCatalog, tableName } from '../catalog.ts';
import { dictionaries } from '../dictionaries.ts';
import type { Place } from '../kind.ts';
import { kinds } from '../kinds/index.ts';
import { createClassifier } from '../policy/classify.ts';
import { expiredKeeps } from '../policy/keep.ts';
import { howToClassify } from '../policy/mistakes.ts';
import type { Policy } from '../policy/policy.ts';
import { strangersAmong } from '../policy/quasi-identifiers.ts';
import { type ColumnRule, isKeep } from '../policy/rule.ts';
import { linkColumns } from './links.ts';
import { isUnique, misfits } from './misfits.ts';
import { placeOf } from './place.ts';
import { createPools, type Pool, tiesOf } from './pools.ts';

/** One column to copy, and what happens to it on the way. */
export interface PlannedColumn {
  name: string;
  rule: ColumnRule;
  /** Which rule of the policy that is: `column`, `names[2]`, `types.inet`. */
  by: string;
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

export interface Examination extends MaskingPlan {
  /** Rules that name what the source does not have, or cannot hold. */
  wrong: Mistake[];
  /** Columns that nothing classifies, or no longer: a keep may have expired, a sequence's too. */
  missing: Mistake[];
}

export interface Moment {
  /** What has changed in the source since the policy was set. */
  changes?: Mistake[];
  /** The day (UTC, YYYY-MM-DD) on which keeps have to hold. */
  today?: string;
}

/**
 * Holds a policy against what the source has, and fails closed: a column that is not classified stops the capture, and
 * so does one that is new or other than it was when the policy was set.
 *
 * @throws Problem `schema-changed` with every change first; `policy-invalid` with every rule that names what the source
 *   does not have or cannot hold, and every column that nothing classifies too; `policy-incomplete` when only such
 *   columns, or sequences that are no longer kept, are wrong.
 */
export function planMasking(
  catalog: MaskingCatalog,
  policy: Policy,
  { changes = [], today }: Moment = {},
): MaskingPlan {
  const { tables, pools, warnings, wrong, missing } = examinePolicy(catalog, policy, today);
  const changed = new Set(changes.map(({ where }) => where));
  const errors = [...changes, ...[...wrong, ...missing].filter(({ where }) => !changed.has(where))];
  if (errors.length === 0) return { tables, pools, warnings };
  const [code, detail] =
    changes.length > 0
      ? (['schema-changed', 'The source’s schema is no longer the one that the masking policy was set for'] as const)
      : wrong.length > 0
        ? (['policy-invalid', 'The masking policy does not fit the source'] as const)
        : (['policy-incomplete', unclassified] as const);
  throw new Problem(code, detail, { where: errors[0]!.where, errors });
}

const unclassified =
  'The masking policy leaves columns or sequences unclassified, and nothing is captured until it says what happens to them';

/**
 * Says what a policy comes to on a source.
 *
 * Not to be classified: generated columns and materialized views, which Postgres computes anew from masked rows; foreign
 * tables, which are not captured; partitions, which follow their partitioned table.
 */
export function examinePolicy(
  catalog: MaskingCatalog,
  policy: Policy,
  today: string = new Date().toISOString().slice(0, 10),
): Examination {
  const missing: Mistake[] = [];
  const wrong: Mistake[] = [];
  const warnings: Mistake[] = [];
  const byName = new Map(catalog.tables.map((table) => [tableName(table), table]));

  for (const name of Object.keys(policy.tables)) wrong.push(...strangersIn(name, policy, byName));
  wrong.push(...strangersAmong(policy.quasiIdentifiers ?? {}, catalog));
  wrong.push(...strangeSequences(policy.sequences ?? {}, catalog.sequences));

  const classifier = createClassifier(policy);
  const classify = (table: string, column: CatalogColumn) =>
    classifier.of(table, column, placeOf(column, false).family);
  const links = linkColumns(catalog, policy.links ?? [], (table, name) => {
    const column = byName.get(table)?.columns.find((one) => one.name === name);
    return column && classify(table, column)?.rule;
  });
  wrong.push(...links.mistakes);
  warnings.push(...links.warnings);
  const pools = createPools();
  const tables: PlannedTable[] = [];
  for (const table of catalog.tables.filter(({ kind }) => kind === 'r' || kind === 'p')) {
    const name = table.partitionOf ?? tableName(table);
    const columns: PlannedColumn[] = [];
    for (const column of table.columns) {
      if (column.generated) continue;
      const classification = classify(name, column);
      const where = `${name}.${column.name}`;
      if (!classification) {
        if (!table.partitionOf)
          missing.push({ where, what: `${column.type} is not classified`, remedy: howToClassify });
        continue;
      }
      const { rule, by } = classification;
      const { unique, limit, uniqueBy, ignoresCase } = links.tieOf(name, column.name);
      const place: Place = {
        ...placeOf(column, unique),
        ...(limit === undefined ? {} : { limit }),
        ...(ignoresCase ? { ignoresCase } : {}),
      };
      if (!isKeep(rule) && kinds[rule.mask]!.pooled?.(rule)) place.pool = pools.add(table, column, rule);
      if (!table.partitionOf) {
        const said = by === 'column' ? '' : `, as ${by} has it`;
        const mistakes = misfits(where, table, column, rule, place, uniqueBy);
        wrong.push(...mistakes.map((mistake) => ({ ...mistake, what: mistake.what + said })));
        missing.push(
          ...expiredKeeps(where, rule, today, policy.owner).map((one) => ({ ...one, what: one.what + said })),
        );
        warnings.push(...tagWarnings(where, rule, place, uniqueBy));
      }
      columns.push({ name: column.name, rule, by, place, isArray: column.isArray });
    }
    if (table.kind === 'r') tables.push({ schema: table.schema, name: table.name, columns });
  }
  for (const [name, rule] of Object.entries(policy.sequences ?? {}))
    missing.push(...expiredKeeps(name, rule, today, policy.owner, 'Remove the entry, and it is shifted'));
  const ownTies = (policy.links ?? []).map((link, index) => ({ by: `links[${index}]`, ...link }));
  wrong.push(...pools.torn([...tiesOf(catalog.foreignKeys), ...ownTies]), ...pools.mixed());
  warnings.push(...classifier.unused(), ...borrowedWords(policy.locale));
  return { tables, pools: pools.all(), warnings, wrong, missing };
}

function tagWarnings(where: string, rule: ColumnRule, place: Place, uniqueBy: string | undefined): Mistake[] {
  if (isKeep(rule) || kinds[rule.mask]!.unique !== 'on-request' || !place.unique) return [];
  const what = `${isUnique(where, uniqueBy)}, so its values carry ten characters of the hash: they differ from those of the same originals elsewhere`;
  return [{ where, what }];
}

function borrowedWords(locale: string | undefined): Mistake[] {
  const { borrowed } = dictionaries(locale);
  if (borrowed.length === 0) return [];
  return [{ where: 'locale', what: `faker has no ${borrowed.join(', ')} of ${locale}; the English ones stand in` }];
}

function strangeSequences(kept: NonNullable<Policy['sequences']>, sequences: MaskingCatalog['sequences']): Mistake[] {
  if (!sequences) return [];
  const names = new Set(sequences.map(tableName));
  return Object.keys(kept)
    .filter((name) => !names.has(name))
    .map((where) => ({
      where,
      what: 'is no sequence of the source',
      remedy: 'Correct the name (schema.sequence), or remove the entry: it may have been dropped or renamed',
    }));
}

function strangersIn(name: string, policy: Policy, byName: Map<string, CatalogTable>): Mistake[] {
  const table = byName.get(name);
  if (!table)
    return [
      {
        where: name,
        what: 'is no table of the source',
        remedy:
          'Correct the name (schema.table), or remove the entry: it may have been dropped or renamed, or be a view, which has no rows of its own',
      },
    ];
  if (table.kind === 'm' || table.kind === 'f') {
    return [
      table.kind === 'm'
        ? {
            where: name,
            what: 'is a materialized view, which Postgres computes anew from masked rows',
            remedy: 'Remove the entry; rules go to the tables that it reads',
          }
        : { where: name, what: 'is a foreign table, of which nothing is captured', remedy: 'Remove the entry' },
    ];
  }
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
      return [
        {
          where,
          what: 'is no column of the source',
          remedy: 'Correct the name, or remove the entry: the column may have been dropped or renamed',
        },
      ];
    if (!columns.get(column)!.generated) return [];
    return [
      { where, what: 'is a generated column, which Postgres computes from masked ones', remedy: 'Remove the entry' },
    ];
  });
}
