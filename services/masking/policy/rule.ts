import type { MaskRule } from '../kind.ts';

/** Keeps the original values: why that is right, who says so, and the last day (UTC) on which it holds. */
export interface KeepRule {
  keep: string;
  owner?: string;
  until?: string;
}

export type ColumnRule = MaskRule | KeepRule;

export function isKeep(rule: ColumnRule): rule is KeepRule {
  return 'keep' in rule;
}
