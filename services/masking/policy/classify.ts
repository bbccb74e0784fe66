import type { Mistake } from '../../errors.ts';
import type { CatalogColumn } from '../catalog.ts';
import type { Family } from '../kind.ts';
import { compilePattern } from './pattern.ts';
import type { Policy } from './policy.ts';
import type { ColumnRule } from './rule.ts';

/** A column's rule, and which one of the policy it is: `column`, `names[2]`, `types.inet`. */
export interface Classification {
  rule: ColumnRule;
  by: string;
}

export interface Classifier {
  /** The column's own rule; else the first pattern that its name and family match; else its type's. */
  of(table: string, column: Pick<CatalogColumn, 'name' | 'type'>, family: Family): Classification | undefined;
  /** Patterns and types that classified nothing so far. */
  unused(): Mistake[];
}

export function createClassifier(policy: Policy): Classifier {
  const names = (policy.names ?? []).map(({ match, type, rule }, index) => ({
    ...{ by: `names[${index}]`, matches: compilePattern(match), family: type, rule },
  }));
  const types = policy.types ?? {};
  const used = new Set<string>();
  const byTypes = (type: string | undefined): Classification | undefined =>
    type !== undefined && Object.hasOwn(types, type) ? { by: `types.${type}`, rule: types[type]! } : undefined;

  return {
    of(table, column, family) {
      const own = ownRule(policy.tables[table] ?? {}, column.name);
      if (own) return { by: 'column', rule: own };
      const name = names.find((one) => (one.family ?? family) === family && one.matches(column.name));
      const found = name ?? byTypes(column.type) ?? byTypes(withoutModifier(column.type));
      if (!found) return undefined;
      used.add(found.by);
      return { by: found.by, rule: found.rule };
    },
    unused() {
      const what = 'classifies no column of the source';
      return [
        ...names
          .filter(({ by }) => !used.has(by))
          .map(({ by }) => ({ where: by, what, remedy: 'Correct the pattern, or remove it' })),
        ...Object.keys(types)
          .map((type) => `types.${type}`)
          .filter((by) => !used.has(by))
          .map((where) => ({ where, what, remedy: `${howTypesAreNamed}; or remove it` })),
      ];
    },
  };
}

/** A rule by the column's name; `constructor` and the like are columns too. */
function ownRule(rules: Record<string, ColumnRule>, column: string): ColumnRule | undefined {
  return Object.hasOwn(rules, column) ? rules[column] : undefined;
}

const howTypesAreNamed =
  'Write the type as Postgres prints it: character varying, timestamp with time zone, inet[], app.status';

/** `character varying(20)[]` is a `character varying[]`. A quoted name may have parentheses of its own. */
function withoutModifier(type: string): string {
  return type.includes('"') ? type : type.replace(/\(\d+(,-?\d+)?\)/, '');
}
