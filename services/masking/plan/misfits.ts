import type { Mistake } from '../../errors.ts';
import type { CatalogColumn, CatalogTable } from '../catalog.ts';
import { tagLength } from '../keyed/digest.ts';
import type { Kind, MaskRule, Misfit, Part, Place } from '../kind.ts';
import { kinds } from '../kinds/index.ts';
import { howToClassify } from '../policy/mistakes.ts';
import { type ColumnRule, isKeep } from '../policy/rule.ts';
import { isKept, maskRuleOf } from '../values/parts.ts';

/** What makes a rule unfit for a column. @param uniqueBy the column that has to be unique by itself, where this one is only tied to it */
export function misfits(
  where: string,
  table: Pick<CatalogTable, 'columns'>,
  column: CatalogColumn,
  rule: ColumnRule,
  place: Place,
  uniqueBy = where,
): Mistake[] {
  if (isKeep(rule)) return [];
  const kind = kinds[rule.mask]!;
  const found: (Misfit | undefined)[] = [
    ...misfitsOfValue(column.type, rule, { place, isArray: column.isArray }),
    ...misfitsOfOthers(table, column, rule),
  ];
  if (rule.mask === 'null' && column.notNull) {
    found.push({ what: 'is NOT NULL and cannot be masked with null', remedy: 'Use constant, or another mask' });
  }
  if (place.unique && uniquenessOf(kind, rule) === 'never') {
    found.push({
      what: `${isUnique(where, uniqueBy)}, and the mask ${rule.mask} gives different originals the same value`,
      remedy: uniqueKindsFor(place),
    });
  }
  if (place.unique && kind.unique === 'on-request' && place.limit !== undefined && place.limit < tagLength) {
    found.push({
      what: `${isUnique(where, uniqueBy)}, and ${column.type} is too short for the ${tagLength} characters that keep values of the mask ${rule.mask} apart`,
      remedy: 'Use token, which keeps them apart at any length',
    });
  }
  const parts = kind.parts && kind.holds.includes(place.family) ? kind.parts(rule, place) : [];
  return [
    ...found.filter((misfit) => misfit !== undefined).map((misfit) => ({ where, ...misfit })),
    ...parts.flatMap((part) => misfitsOfPart(`${where}.${part.name}`, part)),
  ];
}

function misfitsOfValue(type: string, rule: MaskRule, value: NonNullable<Part['value']>): (Misfit | undefined)[] {
  const { place, isArray } = value;
  const kind = kinds[rule.mask]!;
  // An array of ranges of what has no order is of the family `other`.
  if (!kind.holds.includes(place.family)) {
    const fitting = kindsFor(place);
    return [
      { what: `${type} cannot hold the mask ${rule.mask}`, remedy: `Use one of: ${fitting.join(', ')}; or keep` },
    ];
  }
  if (kind.shortest !== undefined && place.limit !== undefined && place.limit < kind.shortest) {
    return [
      {
        what: `${type} is too short for the mask ${rule.mask}, which needs ${kind.shortest} characters`,
        remedy: 'Use token, which keeps the length',
      },
    ];
  }
  if (isArray && !kind.whole && kind.pooled?.(rule))
    return [
      { what: 'is an array, whose elements are drawn', remedy: 'Say their values: `values: [a, b]`; or use shuffle' },
    ];
  const asWhole = kind.whole && (isArray || place.isRange);
  return asWhole ? [] : [kind.misfit?.(rule, place)];
}

/** Other columns of the row that the rule names. */
function misfitsOfOthers(table: Pick<CatalogTable, 'columns'>, column: CatalogColumn, rule: MaskRule): Misfit[] {
  const copied = new Map(table.columns.filter(({ generated }) => !generated).map((one) => [one.name, one]));
  const found: Misfit[] = [];
  if (typeof rule.subject === 'string' && (!copied.has(rule.subject) || rule.subject === column.name)) {
    found.push({
      what: `names the subject ${rule.subject}, which is no other column of its table that is copied`,
      remedy: 'Name the column that says who the row is about, such as customer_id',
    });
  }
  if (!Array.isArray(rule.columns)) return found;
  if (column.isArray)
    found.push({ what: 'is an array, which is not rebuilt', remedy: 'Use null, constant or shuffle' });
  for (const name of rule.columns.map(String)) {
    const source = copied.get(name);
    if (source && !source.isArray && ['text', 'varchar', 'bpchar', 'citext'].includes(source.baseType)) continue;
    found.push({
      what: `is rebuilt from ${name}, which is no text column of its table`,
      remedy: 'Name the text columns that it is made from',
    });
  }
  return found;
}

function misfitsOfPart(where: string, { rule, value }: Part): Mistake[] {
  if (value === undefined)
    return [{ where, what: 'is no field of the type', remedy: 'Correct the name, or remove it' }];
  if (rule === undefined) return [{ where, what: 'is not classified', remedy: howToClassify }];
  if (isKept(rule)) return [];
  const maskRule = maskRuleOf(rule);
  const kind = kinds[maskRule.mask]!;
  const found = misfitsOfValue(value.place.type, maskRule, value);
  if (kind.columnsOnly || maskRule.subject !== undefined) {
    found.push({
      what: `the mask ${maskRule.mask}${kind.columnsOnly ? '' : ' with a `subject`'} is for whole columns only`,
      remedy: 'Use another mask for a part of a value',
    });
  }
  const missing = kind.required?.filter((option) => maskRule[option] === undefined) ?? [];
  if (missing.length > 0) found.push({ what: `lacks \`${missing.join('`, `')}\``, remedy: 'Add what it lacks' });
  const parts = missing.length === 0 && kind.parts ? kind.parts(maskRule, value.place) : [];
  return [
    ...found.filter((misfit) => misfit !== undefined).map((misfit) => ({ where, ...misfit })),
    ...parts.flatMap((part) => misfitsOfPart(`${where}.${part.name}`, part)),
  ];
}

/** What makes a column one in which different originals have to stay different: itself, or what it is tied to. */
export function isUnique(where: string, uniqueBy = where): string {
  return uniqueBy === where ? 'is unique' : `is tied to ${uniqueBy}, which is unique`;
}

/** Kinds that a place can hold, whatever their options. */
function kindsFor({ family, limit = Number.POSITIVE_INFINITY, unique }: Place): string[] {
  return Object.keys(kinds).filter((name) => {
    const kind = kinds[name]!;
    const least = Math.max(kind.shortest ?? 0, unique && kind.unique === 'on-request' ? tagLength : 0);
    return kind.holds.includes(family) && limit >= least;
  });
}

function uniquenessOf(kind: Kind, rule: MaskRule): string {
  return typeof kind.unique === 'function' ? kind.unique(rule) : kind.unique;
}

function uniqueKindsFor(place: Place): string {
  const fitting = kindsFor(place).filter((name) => name !== 'null' && kinds[name]!.unique !== 'never');
  const names = fitting.map((name) => (name === 'date' ? 'date with per: snapshot' : name));
  return names.length > 0 ? `Use one of: ${names.join(', ')}; or keep` : 'Keep it, or leave it out with null';
}
