import type { components } from '../../../openapi/types.ts';
import type { MaskRule, PartRule } from '../../masking/kind.ts';
import { kinds } from '../../masking/kinds/index.ts';
import type { PlannedColumn } from '../../masking/plan/plan.ts';
import { isKeep, type KeepRule } from '../../masking/policy/rule.ts';
import { type InnerRule, innerRules, isKept, maskRuleOf } from '../../masking/values/parts.ts';

type ReportedColumn = components['schemas']['ReportedColumn'];
type Told = Omit<ReportedColumn, 'name'>;

/** What happened to a column, for the report; one that was not copied is generated. @param owner of what names nobody itself */
export function plannedInWords(planned: PlannedColumn | undefined, owner?: string): Told {
  if (!planned) return { technique: 'computed' };
  const { rule, by } = planned;
  if (isKeep(rule)) return { technique: 'keep', rule: by, ...keptAs(rule, owner) };
  const { mask: technique, ...options } = withoutValues(rule);
  const keptParts = keptPartsOf(rule).map((part) => ({ ...(owner === undefined ? {} : { owner }), ...part }));
  return {
    ...{ technique: String(technique), rule: by },
    ...(Object.keys(options).length > 0 ? { options } : {}),
    ...(keptParts.length > 0 ? { keptParts } : {}),
  };
}

/** What the policy puts into rows may be a secret, such as a password to sign in with; the column's own values it does not know. */
const values = new Set(['value', 'values', 'password']);

function withoutValues(rule: object): Record<string, unknown> {
  const givesValues = 'mask' in rule && !kinds[String(rule.mask)]?.pooled?.(rule as MaskRule);
  return Object.fromEntries(
    Object.entries(rule).flatMap(([key, option]) => {
      if (givesValues && values.has(key)) return [];
      const isObject = typeof option === 'object' && option !== null && !Array.isArray(option);
      return [[key, isObject ? withoutValues(option) : option]];
    }),
  );
}

/** A keep in the report's words. @param byDefault who answers for it where it names nobody */
export function keptAs({ keep, owner: own, until }: KeepRule, byDefault?: string) {
  const owner = own ?? byDefault;
  return { reason: keep, ...(owner === undefined ? {} : { owner }), ...(until === undefined ? {} : { until }) };
}

type KeptPart = NonNullable<ReportedColumn['keptParts']>[number];

/** What the mask `json` lets through where the rule has no option for it; each stands for all that no path names. */
const unlessSaid = ['numbers', 'keys', 'booleans'] as const;

/** Of a document, an hstore or a composite value: what a rule in it keeps, then what stays because none is about it. */
function keptPartsOf(rule: MaskRule): KeptPart[] {
  const inner = innerRules(rule);
  return [...inner.flatMap((one) => keptIn(placeOf(one), one.rule)), ...silentlyKept(rule, inner)];
}

function silentlyKept({ mask }: MaskRule, inner: InnerRule[]): KeptPart[] {
  if (mask === 'hstore' && inner.some(({ path }) => path === '*'))
    return [{ path: placeOf({ option: 'keys' }), reason: 'not masked: the rule for `*` is about values' }];
  if (mask !== 'json') return [];
  const silent = unlessSaid.filter((option) => !inner.some((one) => one.option === option));
  return silent.map((option) => ({
    path: placeOf({ option }),
    reason: `not masked by default: the rule says nothing of \`${option}\``,
  }));
}

function keptIn(path: string, rule: PartRule): KeptPart[] {
  if (isKept(rule)) return [{ path, ...keptAs(rule) }];
  return keptPartsOf(maskRuleOf(rule)).map((part) => ({ ...part, path: `${path}.${part.path}` }));
}

/** A path may be called `numbers` itself. */
function placeOf({ option, path }: Omit<InnerRule, 'rule'>): string {
  return path ?? `other ${option}`;
}
