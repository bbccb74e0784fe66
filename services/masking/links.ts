import type { Mistake } from '../errors.ts';
import { type MaskingCatalog, tableName } from './catalog.ts';
import { type ColumnRule, canonical, isKeep, type Policy } from './policy.ts';

/**
 * Which columns have to stay unique: those of unique indexes, and those that foreign keys tie to them, because both
 * ends have to be masked alike for a key to find its row.
 */
export function linkColumns(
  catalog: MaskingCatalog,
  policy: Policy,
): { isUnique: (table: string, column: string) => boolean; mistakes: Mistake[] } {
  const unique = new Set<string>();
  const mistakes: Mistake[] = [];
  const ruleOf = (table: string, column: string): ColumnRule | undefined => {
    const rules = policy.tables[table];
    return rules && Object.hasOwn(rules, column) ? rules[column] : undefined;
  };
  const rootOf = new Map(catalog.tables.map((table) => [tableName(table), table.partitionOf ?? tableName(table)]));

  for (const table of catalog.tables) {
    const name = rootOf.get(tableName(table))!;
    for (const key of table.uniqueKeys) {
      // One column of the key that stays different is enough only when the others are copied as they are.
      for (const column of key.columns) if (column !== null) unique.add(columnId(name, column));
    }
  }

  const pairs = catalog.foreignKeys.flatMap((key) =>
    key.columns.map((column, index) => ({
      key,
      from: [rootOf.get(key.table) ?? key.table, column] as const,
      to: [rootOf.get(key.references) ?? key.references, key.referencedColumns[index]!] as const,
    })),
  );
  for (const { key, from, to } of pairs) {
    const [own, referenced] = [ruleOf(...from), ruleOf(...to)];
    if (!own || !referenced || alike(own, referenced)) continue;
    mistakes.push({
      where: from.join('.'),
      what: `is masked otherwise than ${to.join('.')}, which the foreign key ${key.name} ties it to`,
      remedy: 'Give both the same rule',
    });
  }
  // A key's columns may be tied to another key's: carry on until nothing is added.
  for (let added = true; added; ) {
    added = false;
    for (const { from, to } of pairs) {
      if (!unique.has(columnId(...to)) || unique.has(columnId(...from))) continue;
      unique.add(columnId(...from));
      added = true;
    }
  }
  return { isUnique: (table, column) => unique.has(columnId(table, column)), mistakes };
}

function columnId(table: string, column: string): string {
  return JSON.stringify([table, column]);
}

/** A reference that becomes NULL refers to nothing, which is fine. */
function alike(own: ColumnRule, referenced: ColumnRule): boolean {
  if (isKeep(own) || isKeep(referenced)) return isKeep(own) && isKeep(referenced);
  return own.mask === 'null' || canonical(own) === canonical(referenced);
}
