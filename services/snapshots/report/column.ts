import type { components } from '../../../openapi/types.ts';
import type { PlannedColumn } from '../../masking/plan.ts';
import { isKeep, type KeepRule } from '../../masking/policy.ts';

type ReportedColumn = components['schemas']['ReportedColumn'];
type Told = Omit<ReportedColumn, 'name'>;

/** What happened to a column, for the report; one that was not copied is generated. */
export function plannedInWords(planned: PlannedColumn | undefined): Told {
  if (!planned) return { technique: 'computed' };
  const { rule, by } = planned;
  if (isKeep(rule)) return { technique: 'keep', rule: by, ...keptAs(rule) };
  const { mask: technique, ...options } = withoutValues(rule);
  const keptParts = keptPartsOf(rule);
  return {
    ...{ technique: String(technique), rule: by },
    ...(Object.keys(options).length > 0 ? { options } : {}),
    ...(keptParts.length > 0 ? { keptParts } : {}),
  };
}

/** What the policy puts into rows may be a secret, such as a password to sign in with. */
const values = new Set(['value', 'values', 'password']);

function withoutValues(rule: object): Record<string, unknown> {
  const isRule = 'mask' in rule;
  return Object.fromEntries(
    Object.entries(rule).flatMap(([key, option]) => {
      if (isRule && values.has(key)) return [];
      const isObject = typeof option === 'object' && option !== null && !Array.isArray(option);
      return [[key, isObject ? withoutValues(option) : option]];
    }),
  );
}

function keptAs({ keep, owner, until }: KeepRule) {
  return { reason: keep, ...(owner === undefined ? {} : { owner }), ...(until === undefined ? {} : { until }) };
}

/** Of a document: `fields` by path, and what else of it has a rule, such as its `keys`. */
function keptPartsOf({
  fields = {},
  ...others
}: {
  [option: string]: unknown;
}): NonNullable<ReportedColumn['keptParts']> {
  return Object.entries({ ...others, ...(fields as object) }).flatMap(([path, rule]) =>
    typeof rule === 'object' && rule !== null && 'keep' in rule ? [{ path, ...keptAs(rule as KeepRule) }] : [],
  );
}
