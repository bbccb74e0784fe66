import type { Mistake } from '../errors.ts';
import { type ColumnRule, isKeep, type KeepRule } from './policy.ts';

/** Keeps that no longer hold, those of parts of documents included: as good as no rule. */
export function expiredKeeps(where: string, rule: ColumnRule, today: string): Mistake[] {
  return keepsIn(rule)
    .filter(({ keep }) => keep.until !== undefined && keep.until < today)
    .map(({ path, keep }) => ({
      where,
      what: `${path === '' ? '' : `${path} `}was to be kept until ${keep.until}`,
      remedy: `Mask it, or keep it with a later date${keep.owner === undefined ? '' : `; ${keep.owner} answers for it`}`,
    }));
}

/** The keeps of a rule and of the rules inside it. */
function keepsIn(rule: unknown, path = ''): { path: string; keep: KeepRule }[] {
  if (typeof rule !== 'object' || rule === null) return [];
  if ('keep' in rule && isKeep(rule as ColumnRule)) return [{ path, keep: rule as KeepRule }];
  return Object.entries(rule).flatMap(([name, inner]) => keepsIn(inner, path === '' ? name : `${path}.${name}`));
}
