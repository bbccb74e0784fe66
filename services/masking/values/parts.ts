import type { MaskRule, Materials, PartRule, Place } from '../kind.ts';
import { ofStrings } from './apply.ts';

/** What becomes of one part of a value; null is NULL. */
export type PartMask = (value: string) => string | null;

export function isKept(rule: PartRule): rule is { keep: string } {
  return typeof rule === 'object' && 'keep' in rule;
}

export function maskRuleOf(rule: string | MaskRule): MaskRule {
  return typeof rule === 'string' ? { mask: rule } : rule;
}

/** Where a rule stands inside another: at a path of its `fields`, or for a document's numbers, keys or booleans at large. */
export interface InnerRule {
  option: 'fields' | 'numbers' | 'keys' | 'booleans';
  /** Of `fields`: a path, a key or a field's name, which may be any word there is. */
  path?: string;
  rule: PartRule;
}

/** The rules that a rule holds for parts of values, not those inside them. */
export function innerRules({ fields = {}, ...others }: MaskRule): InnerRule[] {
  const ofPaths = Object.entries(fields as Record<string, PartRule>);
  return [
    ...ofPaths.map(([path, rule]): InnerRule => ({ option: 'fields', path, rule })),
    ...(['numbers', 'keys', 'booleans'] as const).flatMap((option): InnerRule[] =>
      others[option] === undefined ? [] : [{ option, rule: others[option] as PartRule }],
    ),
  ];
}

export function maskPart(materials: Materials, rule: PartRule, value: { place: Place; isArray: boolean }): PartMask {
  if (isKept(rule)) return (part) => part;
  const maskRule = maskRuleOf(rule);
  if (maskRule.mask === 'null') return () => null;
  return ofStrings(materials.maskValue(maskRule, value));
}
