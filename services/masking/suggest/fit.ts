import { Problem } from '../../errors.ts';
import { type CatalogColumn, type CatalogTable, tableName } from '../catalog.ts';
import type { MaskRule } from '../kind.ts';
import { kinds } from '../kinds/index.ts';
import { planMasking } from '../plan/plan.ts';
import { type Policy, parsePolicy } from '../policy/policy.ts';
import type { ColumnRule } from '../policy/rule.ts';

/** A column with what decides whether a mask fits. */
export interface FittedColumn {
  table: CatalogTable;
  column: CatalogColumn;
  /** By a unique key of its own, or one that foreign keys tie it to. */
  unique: boolean;
}

/**
 * The first of some rules whose kind exists, whose options suffice, and which all columns can hold: asked of the plan
 * that a capture makes, so that what is proposed is accepted.
 */
export function firstFitting(rules: readonly MaskRule[], columns: readonly FittedColumn[]): MaskRule | undefined {
  return rules.find((rule) => Object.hasOwn(kinds, rule.mask) && columns.every((column) => fits(rule, column)));
}

function fits(rule: ColumnRule, column: FittedColumn): boolean {
  try {
    const policy = parsePolicy({ tables: { [tableName(column.table)]: { [column.column.name]: rule } } });
    return typeof ruleIn(policy, column) === 'object';
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}

/** What a policy says of a column; `missing` where it says nothing, `unfit` where the column cannot hold what it says. */
export function ruleIn(policy: Policy, { table, column, unique }: FittedColumn): ColumnRule | 'missing' | 'unfit' {
  const name = tableName(table);
  const own = policy.tables[name] ?? {};
  // The others are there for rules that name them, and of no interest themselves.
  const others = table.columns.filter((other) => other.name !== column.name && !other.generated);
  const rules = Object.fromEntries(others.map((other): [string, ColumnRule] => [other.name, { keep: 'another' }]));
  if (Object.hasOwn(own, column.name)) rules[column.name] = own[column.name]!;
  const alone: CatalogTable = {
    ...table,
    kind: 'r',
    uniqueKeys: unique ? [{ name: '', columns: [column.name] }] : [],
  };
  try {
    const { links: _links, quasiIdentifiers: _quasiIdentifiers, sequences: _sequences, ...rest } = policy;
    const plan = planMasking({ tables: [alone], foreignKeys: [] }, { ...rest, tables: { [name]: rules } });
    return plan.tables[0]!.columns.find((one) => one.name === column.name)!.rule;
  } catch (error) {
    if (error instanceof Problem) return error.code === 'policy-incomplete' ? 'missing' : 'unfit';
    throw error;
  }
}
