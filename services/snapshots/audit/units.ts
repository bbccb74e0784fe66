import type { PlannedTable } from '../../masking/plan.ts';
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
}

/** What is audited of one planned table, in the order of its columns; undefined for a column that is kept. */
export type TableUnits = (ColumnUnits | undefined)[];

export interface ColumnUnits {
  rule: MaskRule;
  value: Value;
  /** By technique. */
  units: Record<string, Unit>;
}

export function unitsOf(tables: readonly Pick<PlannedTable, 'schema' | 'name' | 'columns'>[]): {
  units: Unit[];
  tables: TableUnits[];
} {
  const units: Unit[] = [];
  const ofTables = tables.map(({ schema, name, columns }) =>
    columns.map(({ name: column, rule, isArray, place }): ColumnUnits | undefined => {
      if ('keep' in rule) return undefined;
      const own = techniquesOf(rule).map((technique): [string, Unit] => {
        const within = technique === rule.mask ? {} : { within: rule.mask };
        const unit = { id: units.length, table: `${schema}.${name}`, column, technique, ...within };
        units.push(unit);
        return [technique, unit];
      });
      return { rule, value: { isArray, place: namesOf(place as object) }, units: Object.fromEntries(own) };
    }),
  );
  return { units, tables: ofTables };
}

/** The fields of a composite type and theirs, which is all that is needed of a place. */
function namesOf({ fields }: Value['place']): Value['place'] {
  if (!fields) return {};
  return { fields: fields.map(({ name, isArray, place }) => ({ name, isArray, place: namesOf(place) })) };
}
