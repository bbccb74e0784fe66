/** Rules of a policy, as far as the audit has to understand them. */

export interface MaskRule {
  mask: string;
  [option: string]: unknown;
}

export type Rule = { keep: string } | MaskRule;
export type FieldRule = string | Rule;

/** What no rule names in documents and hstores: strings, and an hstore's keys. */
export const techniqueOfOthers = 'text';
export const techniqueOfKeys = 'token';

/** By path in a document, by key in an hstore, by name in a composite value. */
export function fieldsOf(rule: MaskRule): Record<string, FieldRule> {
  return (rule.fields ?? {}) as Record<string, FieldRule>;
}

export function hasParts(rule: MaskRule): boolean {
  return ['json', 'hstore', 'composite'].includes(rule.mask);
}

/** All techniques that a rule masks with, its own first; one as often as there are rules with it. */
export function techniquesOf(rule: MaskRule): string[] {
  if (!hasParts(rule)) return [rule.mask];
  // With a rule for any key, an hstore's keys stay.
  const ofHstore = fieldsOf(rule)['*'] === undefined ? [techniqueOfOthers, techniqueOfKeys] : [];
  const others = { json: [techniqueOfOthers], hstore: ofHstore, composite: [] };
  const fields = [...Object.values(fieldsOf(rule)), rule.numbers, rule.keys, rule.booleans] as (
    | FieldRule
    | undefined
  )[];
  const ofFields = fields.flatMap((field) => {
    if (typeof field === 'string') return techniquesOf({ mask: field });
    return field === undefined || 'keep' in field ? [] : techniquesOf(field);
  });
  return [rule.mask, ...others[rule.mask as 'json'], ...ofFields];
}
