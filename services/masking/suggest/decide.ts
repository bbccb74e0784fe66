import type { MaskRule } from '../kind.ts';
import type { Detector, Finding } from './detect/detector.ts';
import { type Evidence, mostLooked } from './evidence.ts';
import type { Hint } from './names-of-columns.ts';
import { masksFor } from './words.ts';

/** What is to become of a column, and why; the reason counts and never quotes. */
export type Decision =
  | { is: 'mask'; rules: readonly MaskRule[]; confidence: number; reason: string; seen: boolean }
  | { is: 'keep'; why: string; confidence: number; reason: string }
  | { is: 'unknown'; reason: string };

export interface Subject {
  name: string;
  hint: Hint | undefined;
  evidence: Evidence;
}

/** Values that few repeat are words of a list; as many rows as this tell. */
const fewWords = 12;
const rowsThatTell = 50;
/** Below so many different values, what passes a check by chance says nothing. */
export const enoughToTell = 5;
/** So seldom all of a few values pass a check by chance that it is none. */
const byAccident = 0.005;
/** What chance passes as often is told beside a name that agrees, and never by itself. */
export const tooLikely = 0.3;

/** A detector that chance passes needs a name that says the same, or many values. */
export function isEnough(detector: Detector, count: number, evidence: Evidence, hint: Hint | undefined): boolean {
  const share = count / evidence.looked;
  if (hint?.finding === detector.finding) return share >= 0.3;
  if (share < detector.enough) return false;
  if (detector.chance === 0 || evidence.looked >= enoughToTell) return true;
  return share === 1 && detector.chance ** evidence.looked < byAccident;
}

/** What words of dictionaries tell. */
export const byDictionary: ReadonlySet<Finding> = new Set<Finding>([
  'full_name',
  'first_name',
  'last_name',
  'city',
  'country',
]);

export function byValues({ evidence, hint }: Subject, detector: Detector, count: number): Decision {
  const share = count / evidence.looked;
  const agrees = hint?.finding === detector.finding;
  const ofValues = (1 - Math.min(0.4, detector.chance * 4)) * share * Math.min(1, 0.6 + evidence.looked / 50);
  const confidence = combined(
    byDictionary.has(detector.finding) ? Math.max(ofValues, 0.5) : ofValues,
    agrees ? hint.weight : 0,
  );
  const reason = `${of(count, evidence)} look like ${detector.label}${agrees ? `, and the name says ${hint.says}` : ''}`;
  return { is: 'mask', rules: masksFor[detector.finding], confidence, reason, seen: detector.finding !== 'opaque' };
}

export function byName(hint: Hint | undefined, seen: string): Decision {
  if (!hint) return { is: 'unknown', reason: `${seen}, and the name does not tell` };
  const reason = `the name says ${hint.says}; ${seen}`;
  return { is: 'mask', rules: masksFor[hint.finding], confidence: rounded(hint.weight * 0.7), reason, seen: false };
}

/** What shows in some values and cannot be by chance. */
export function partly(evidence: Evidence): [Detector, number] | undefined {
  const some = [...evidence.whole, ...evidence.within].filter(([{ chance, finding }, count]) => {
    if (finding === 'opaque' || byDictionary.has(finding)) return false;
    return chance === 0 || (count >= 10 && count / evidence.looked > Math.max(0.3, chance * 3));
  });
  some.sort(([, a], [, b]) => b - a);
  return some[0];
}

/** Whether values come again and again, as words of a list do. */
export function isList(evidence: Evidence): boolean {
  return evidence.looked <= fewWords && evidence.values >= rowsThatTell && evidence.values >= evidence.looked * 10;
}

/** What values look like, without saying any. */
export function generally(evidence: Evidence): string {
  const { looked, values, shortest, longest, digits } = evidence;
  if (looked === 0) return 'no value to look at';
  const lengths = shortest === longest ? `${longest} characters` : `${shortest} to ${longest} characters`;
  const made = digits === looked ? 'digits' : digits === 0 ? 'no plain digits' : 'some of them digits';
  const least = looked >= mostLooked ? 'at least ' : '';
  return `${values} sampled values, ${least}${looked} different, ${lengths}, ${made}: they look like nothing that is known`;
}

export function of(count: number, { looked }: Evidence): string {
  return `${count} of ${looked} sampled values`;
}

/** Independent reasons for one thing: the chance that not all are wrong. */
export function combined(...confidences: number[]): number {
  return rounded(Math.min(0.99, 1 - confidences.reduce((doubt, confidence) => doubt * (1 - confidence), 1)));
}

export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
