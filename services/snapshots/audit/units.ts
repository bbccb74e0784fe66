import type { PlannedTable } from '../../masking/plan/plan.ts';
import type { Value } from './parts.ts';
import { type MaskRule, techniquesOf } from './rules.ts';

/** Originals that are judged alike: those of a masked column, or of the parts of its values that share a technique. */
export interface Unit {
  /** Its place in the list of all of them, and the number that stands with its hashes. */
  id: number;
  table: string;
  column: string;
  technique: string;
  /** The column's own technique, where this is that of parts of its values. */
  within?: string;
  /** How many rules of the column have the technique. */
  rules: number;
}

/** What stands with an original's hash: its unit, and whether it is digits alone, which others meet by chance. */
export function markOf(unit: Unit['id'], isNumber: boolean): number {
  return unit * 2 + (isNumber ? 1 : 0);
}

export function unitOfMark(mark: number): { unit: Unit['id']; isNumber: boolean } {
  return { unit: mark >>> 1, isNumber: mark % 2 === 1 };
}

/** What is audited of one planned table, in the order of its columns; undefined for a column that is kept. */
export type TableUnits = (ColumnUnits | undefined)[];

export interface ColumnUnits {
  rule: MaskRule;
  value: Value;
  /** By technique. */
  units: Record<string, Unit>;
  /** Of a last name: the column that has the first name, and the unit of both together, which are a person where one is a word. */
  fullName?: { first: number; unit: Unit };
}

export function unitsOf(tables: readonly Pick<PlannedTable, 'schema' | 'name' | 'columns'>[]): {
  units: Unit[];
  tables: TableUnits[];
  /** Every column that is copied (`schema.table.column`), kept ones too: any other is computed from them. */
  copied: Set<string>;
} {
  const copied = new Set<string>();
  const units: Unit[] = [];
  const add = (unit: Omit<Unit, 'id'>): Unit => {
    units.push({ id: units.length, ...unit });
    return units.at(-1)!;
  };
  const ofTables = tables.map(({ schema, name, columns }) => {
    const table = `${schema}.${name}`;
    const own = columns.map(({ name: column, rule, isArray, place }): ColumnUnits | undefined => {
      copied.add(`${table}.${column}`);
      if ('keep' in rule) return undefined;
      const ofColumn = [...Map.groupBy(techniquesOf(rule), (technique) => technique)].map(
        ([technique, { length }]): [string, Unit] => {
          const within = technique === rule.mask ? {} : { within: rule.mask };
          return [technique, add({ table, column, technique, ...within, rules: length })];
        },
      );
      return { rule, value: { isArray, place: namesOf(place as object) }, units: Object.fromEntries(ofColumn) };
    });
    for (const [first, last] of namePairsOf(own)) {
      const column = `${columns[first]!.name} + ${columns[last]!.name}`;
      own[last]!.fullName = { first, unit: add({ table, column, technique: 'full_name', rules: 1 }) };
    }
    return own;
  });
  return { units, tables: ofTables, copied };
}

/** Each column of last names with the nearest one of first names: `billing_first, billing_last, first, last`. */
function namePairsOf(columns: TableUnits): [first: number, last: number][] {
  const masked = (technique: string) =>
    columns.flatMap((column, index) => (column?.rule.mask === technique && !column.value.isArray ? [index] : []));
  const firsts = masked('first_name');
  if (firsts.length === 0) return [];
  return masked('last_name').map((last) => {
    const [first] = firsts.toSorted((a, b) => Math.abs(a - last) - Math.abs(b - last));
    return [first!, last];
  });
}

/** The fields of a composite type and theirs, which is all that is needed of a place. */
function namesOf({ fields }: Value['place']): Value['place'] {
  if (!fields) return {};
  return { fields: fields.map(({ name, isArray, place }) => ({ name, isArray, place: namesOf(place) })) };
}
