import type { PlannedTable } from '../../masking/plan.ts';

/** Originals that are judged alike: those of a masked column, or of the fields of a document that share a technique. */
export interface Unit {
  /** Its place in the list of all of them, and the number that stands with its hashes. */
  id: number;
  table: string;
  column: string;
  technique: string;
  inDocument: boolean;
}

/** What is audited of one planned table, in the order of its columns; undefined for a column that is kept. */
export type TableUnits = (ColumnUnits | undefined)[];

export interface ColumnUnits {
  rule: Rule;
  isArray: boolean;
  /** By technique. */
  units: Record<string, Unit>;
}

export type Rule = { keep: string } | { mask: string; [option: string]: unknown };

/** Strings of a document that no field names are masked as text. */
export const techniqueOfOthers = 'text';

export function unitsOf(tables: readonly Pick<PlannedTable, 'schema' | 'name' | 'columns'>[]): {
  units: Unit[];
  tables: TableUnits[];
} {
  const units: Unit[] = [];
  const ofTables = tables.map(({ schema, name, columns }) =>
    columns.map(({ name: column, rule, isArray }): ColumnUnits | undefined => {
      if ('keep' in rule) return undefined;
      const techniques = rule.mask === 'json' ? ['json', techniqueOfOthers, ...fieldTechniques(rule)] : [rule.mask];
      const own = [...new Set(techniques)].map((technique): [string, Unit] => {
        const inDocument = technique !== rule.mask;
        const unit = { id: units.length, table: `${schema}.${name}`, column, technique, inDocument };
        units.push(unit);
        return [technique, unit];
      });
      return { rule, isArray, units: Object.fromEntries(own) };
    }),
  );
  return { units, tables: ofTables };
}

function fieldTechniques(rule: Rule): string[] {
  return Object.values(fieldsOf(rule)).flatMap((field) => {
    if (typeof field === 'string') return [field];
    return 'keep' in field ? [] : [field.mask];
  });
}

/** A document's rules by path. */
export function fieldsOf(rule: Rule): Record<string, string | Rule> {
  return 'fields' in rule ? (rule.fields as Record<string, string | Rule>) : {};
}
