import type { components } from '../../../openapi/types.ts';
import { type ColumnRule, isKeep, type KeepRule } from '../../masking/policy.ts';

type ReportedColumn = components['schemas']['ReportedColumn'];
type Told = Omit<ReportedColumn, 'name'>;

/** What a rule of the policy does, for the report. @param where the rule stands in the policy */
export function ruleInWords(rule: ColumnRule, where: string): Told {
  if (isKeep(rule)) return { technique: 'keep', rule: where, ...keptAs(rule) };
  const { mask: technique, ...options } = withoutValues(rule);
  const keptParts = keptPartsOf(rule.fields);
  return {
    ...{ technique: String(technique), rule: where },
    ...(Object.keys(options).length > 0 ? { options } : {}),
    ...(keptParts.length > 0 ? { keptParts } : {}),
  };
}

/** What the policy puts into rows may be a secret, such as a password to sign in with. */
function withoutValues(rule: object): Record<string, unknown> {
  const isRule = 'mask' in rule;
  return Object.fromEntries(
    Object.entries(rule).flatMap(([key, option]) => {
      if (isRule && key === 'value') return [];
      const isObject = typeof option === 'object' && option !== null && !Array.isArray(option);
      return [[key, isObject ? withoutValues(option) : option]];
    }),
  );
}

function keptAs({ keep }: KeepRule): { reason: string } {
  return { reason: keep };
}

/** Of a document: `fields` by path. */
function keptPartsOf(fields: unknown): NonNullable<ReportedColumn['keptParts']> {
  if (typeof fields !== 'object' || fields === null) return [];
  return Object.entries(fields).flatMap(([path, field]) =>
    typeof field === 'object' && field !== null && 'keep' in field ? [{ path, ...keptAs(field as KeepRule) }] : [],
  );
}
