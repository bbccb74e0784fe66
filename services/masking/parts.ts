import { ofStrings } from './apply.ts';
import type { MaskRule, Materials, PartRule, Place } from './kind.ts';

/** What becomes of one part of a value; null is NULL. */
export type PartMask = (value: string) => string | null;

export function isKept(rule: PartRule): rule is { keep: string } {
  return typeof rule === 'object' && 'keep' in rule;
}

export function maskRuleOf(rule: string | MaskRule): MaskRule {
  return typeof rule === 'string' ? { mask: rule } : rule;
}

export function maskPart(materials: Materials, rule: PartRule, value: { place: Place; isArray: boolean }): PartMask {
  if (isKept(rule)) return (part) => part;
  const maskRule = maskRuleOf(rule);
  if (maskRule.mask === 'null') return () => null;
  return ofStrings(materials.maskValue(maskRule, value));
}
