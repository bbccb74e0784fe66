import type { Mistake } from '../../errors.ts';
import type { PartRule } from '../kind.ts';
import { innerRules, isKept, maskRuleOf } from '../values/parts.ts';
import type { ColumnRule, KeepRule } from './rule.ts';

/**
 * Keeps that no longer hold, those of parts of documents included: as good as no rule.
 *
 * @param byDefault who answers for one that names nobody
 * @param instead what else is to be done
 */
export function expiredKeeps(
  where: string,
  rule: ColumnRule,
  today: string,
  byDefault?: string,
  instead = 'Mask it',
): Mistake[] {
  return keepsIn(rule)
    .filter(({ keep }) => keep.until !== undefined && keep.until < today)
    .map(({ path, keep: { until, owner = byDefault } }) => ({
      where,
      what: `${path === '' ? '' : `${path} `}was to be kept until ${until}`,
      remedy: `${instead}, or keep it with a later date${owner === undefined ? '' : `; ${owner} answers for it`}`,
    }));
}

/** The keeps of a rule and of the rules inside it, by where rules stand: a field may be called `keep`, `until` or `mask`. */
function keepsIn(rule: PartRule, path = ''): { path: string; keep: KeepRule }[] {
  if (isKept(rule)) return [{ path, keep: rule }];
  return innerRules(maskRuleOf(rule)).flatMap(({ option, path: field, rule: inner }) => {
    const step = field === undefined ? option : `${option}.${field}`;
    return keepsIn(inner, path === '' ? step : `${path}.${step}`);
  });
}
