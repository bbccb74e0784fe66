import type { ColumnCounts, Count } from './count.ts';
import { all, families, type ResidualRisk, type Spread, unassessed } from './risk-table.ts';

/** With so few values, how often each occurs says what it stands for. */
const fewValues = 20;

/** The audit's count of originals has a standard error of 1.6 %: this is six of them below all. */
const nearlyAll = 0.9;

interface Told {
  technique: string;
  options?: Record<string, unknown>;
  /** How many different originals there were, where that was counted. */
  distinctIn?: Count;
}

/** The residual risk of a column, by what its technique does and by how many rows share a value. */
export function riskOf(
  { technique, options = {}, distinctIn }: Told,
  rows: number,
  { nulls, distinct }: ColumnCounts,
): ResidualRisk {
  const present = rows - nulls.count;
  if (present <= 0) return all('none', 'the column holds no values');
  const family = Object.hasOwn(families, technique) ? families[technique]! : unassessed;
  return family({ spread: spreadOf(present, distinct?.count), isAsFine: isAsFine(distinctIn, distinct) }, options);
}

function spreadOf(present: number, distinct: number | undefined): Spread {
  if (distinct === undefined || distinct * 2 >= present) return 'own';
  return distinct <= fewValues ? 'few' : 'shared';
}

/** A single value singles nobody out, whatever it was before. */
function isAsFine(before: Count | undefined, after: Count | undefined): boolean {
  return before !== undefined && after !== undefined && after.count > 1 && after.count >= before.count * nearlyAll;
}
