import type { Mistake } from '../../errors.ts';
import { type CatalogColumn, type MaskingCatalog, tableName } from '../catalog.ts';
import { kinds } from '../kinds/index.ts';
import { canonical, type Link } from '../policy/policy.ts';
import { type ColumnRule, isKeep } from '../policy/rule.ts';

type End = readonly [table: string, column: string];

/** What the columns that are tied to one another share, so that the same original comes out the same in each. */
export interface Tie {
  unique: boolean;
  /** The column that is unique by itself: `schema.table.column`. */
  uniqueBy?: string | undefined;
  /** The shortest of them says how long a masked value may be. */
  limit: number | undefined;
  /** One of them is citext: copies of one value may differ in case. */
  ignoresCase: boolean;
}

export interface Links {
  tieOf(table: string, column: string): Tie;
  mistakes: Mistake[];
  warnings: Mistake[];
}

/**
 * Which columns have to be masked alike: both ends of foreign keys, and of the policy's own links, for a copy to find
 * its row; and which have to stay unique: those of unique indexes, and what is tied to them.
 */
export function linkColumns(
  catalog: MaskingCatalog,
  links: readonly Link[],
  ruleOf: (table: string, column: string) => ColumnRule | undefined,
): Links {
  const rootOf = new Map(catalog.tables.map((table) => [tableName(table), table.partitionOf ?? tableName(table)]));
  const columns = new Map<string, { end: End; column: CatalogColumn }>();
  for (const table of catalog.tables) {
    if (table.partitionOf || (table.kind !== 'r' && table.kind !== 'p')) continue;
    const name = tableName(table);
    for (const column of table.columns) columns.set(`${name}.${column.name}`, { end: [name, column.name], column });
  }
  const ties = new Map<string, Tie>();
  const tieOf = (...end: End): Tie => {
    const id = end.join('.');
    const { limit, baseType } = columns.get(id)?.column ?? {};
    const tie = ties.get(id) ?? { unique: false, limit: limit ?? undefined, ignoresCase: baseType === 'citext' };
    ties.set(id, tie);
    return tie;
  };
  for (const table of catalog.tables) {
    const name = rootOf.get(tableName(table))!;
    for (const key of table.uniqueKeys) {
      // One column of the key that stays different is enough only when the others are copied as they are.
      for (const column of key.columns)
        if (column !== null) Object.assign(tieOf(name, column), { unique: true, uniqueBy: `${name}.${column}` });
    }
  }

  const declared = catalog.foreignKeys.flatMap((key) =>
    key.columns.map((column, index) => ({
      by: `the foreign key ${key.name}`,
      from: [rootOf.get(key.table) ?? key.table, column] as End,
      to: [rootOf.get(key.references) ?? key.references, key.referencedColumns[index]!] as End,
    })),
  );
  const { pairs, mistakes, warnings } = ownLinks(links, columns);
  const all = [...declared, ...pairs];
  for (const { by, from, to } of all) {
    const [own, referenced] = [ruleOf(...from), ruleOf(...to)];
    if (!own || !referenced || alike(own, referenced)) continue;
    mistakes.push({
      where: from.join('.'),
      what: `is masked otherwise than ${to.join('.')}, which ${by} ties it to`,
      remedy: 'Give both the same rule',
    });
  }
  warnings.push(...looselyCompared(all, columns, ruleOf));
  // Columns may be tied to others that are tied to more: carry on until nothing is added.
  for (let changed = true; changed; ) {
    changed = false;
    for (const { from, to } of all) {
      const [a, b] = [tieOf(...from), tieOf(...to)];
      const shared = {
        unique: a.unique || b.unique,
        limit: shorter(a.limit, b.limit),
        ignoresCase: a.ignoresCase || b.ignoresCase,
      };
      for (const tie of [a, b]) {
        if (tie.unique === shared.unique && tie.limit === shared.limit && tie.ignoresCase === shared.ignoresCase)
          continue;
        Object.assign(tie, shared, { uniqueBy: tie.uniqueBy ?? a.uniqueBy ?? b.uniqueBy });
        changed = true;
      }
    }
  }
  return { tieOf, mistakes, warnings };
}

function ownLinks(links: readonly Link[], columns: Map<string, { end: End; column: CatalogColumn }>) {
  const pairs: { by: string; from: End; to: End }[] = [];
  const mistakes: Mistake[] = [];
  const warnings: Mistake[] = [];
  links.forEach((link, index) => {
    const by = `links[${index}]`;
    const [from, to] = [columns.get(link.from), columns.get(link.to)];
    for (const side of ['from', 'to'] as const) {
      const found = columns.get(link[side]);
      const what = !found ? 'is no column of the source' : found.column.generated ? 'is a generated column' : undefined;
      const remedy = 'Name an ordinary column (schema.table.column), or remove the link';
      if (what) mistakes.push({ where: by, what: `${side}: ${link[side]} ${what}`, remedy });
    }
    if (!from || !to) return;
    pairs.push({ by, from: from.end, to: to.end });
    const [own, other] = [writing(from.column), writing(to.column)];
    if (own === other) return;
    const isMixed = [own, other].some(isNumber) && ![own, other].every(isNumber);
    warnings.push({
      where: by,
      what: `${link.from} is ${from.column.type} and ${link.to} is ${to.column.type}: only values that both write alike are masked alike${isMixed ? ', and by the mask token none, which makes numbers of numbers' : ''}`,
    });
  });
  return { pairs, mistakes, warnings };
}

/** Columns whose collation takes for equal what is written, and by most kinds masked, differently. */
function looselyCompared(
  pairs: readonly { by: string; from: End; to: End }[],
  columns: Map<string, { column: CatalogColumn }>,
  ruleOf: (table: string, column: string) => ColumnRule | undefined,
): Mistake[] {
  const found = new Map<string, Mistake>();
  for (const { by, from, to } of pairs) {
    const rule = ruleOf(...from);
    if (!rule || isKeep(rule) || kinds[rule.mask]!.fixed) continue;
    for (const where of [from.join('.'), to.join('.')]) {
      if (!columns.get(where)?.column.nondeterministic) continue;
      const what = `has a nondeterministic collation: values that are equal under it but written differently (Ann, ANN) may be masked differently, and then no longer join by ${by}; where a foreign key needs them, the capture fails`;
      found.set(where, { where, what, remedy: 'Write them alike at the source, or keep both columns' });
    }
  }
  return [...found.values()];
}

/** Types that write the same original in the same characters; length and scale apart. */
export function writing({ baseType, isArray }: CatalogColumn): string {
  if (['text', 'varchar', 'name', 'citext'].includes(baseType)) return `text ${isArray}`;
  return `${/^int[248]$/.test(baseType) ? 'integer' : baseType} ${isArray}`;
}

function isNumber(written: string): boolean {
  return /^(integer|numeric) /.test(written);
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** A reference that becomes NULL refers to nothing, which is fine. */
function alike(own: ColumnRule, referenced: ColumnRule): boolean {
  if (isKeep(own) || isKeep(referenced)) return isKeep(own) && isKeep(referenced);
  return own.mask === 'null' || canonical(own) === canonical(referenced);
}
