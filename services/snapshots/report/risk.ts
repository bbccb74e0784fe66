import type { ColumnCounts } from './count.ts';
import { all, families, type ResidualRisk, type Spread, unassessed } from './risk-table.ts';

/** With so few values, how often each occurs says what it stands for. */
const fewValues = 20;

/** The residual risk of a column, by what its technique does and by how many rows share a value. */
export function riskOf(
  { technique, options = {} }: { technique: string; options?: Record<string, unknown> },
  rows: number,
  { nulls, distinct }: ColumnCounts,
): ResidualRisk {
  const present = rows - nulls.count;
  if (present <= 0) return all('none', 'the column holds no values');
  const family = Object.hasOwn(families, technique) ? families[technique]! : unassessed;
  return family(spreadOf(present, distinct?.count), options);
}

function spreadOf(present: number, distinct: number | undefined): Spread {
  if (distinct === undefined || distinct * 2 >= present) return 'own';
  return distinct <= fewValues ? 'few' : 'shared';
}
