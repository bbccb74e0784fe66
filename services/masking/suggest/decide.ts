import type { MaskRule } from '../kind.ts';
import type { Detector, Finding } from './detect/detector.ts';
import type { Evidence } from './evidence.ts';
import { type Hint, isBookkeepingTime, isCount } from './names-of-columns.ts';
import { masksFor, toldByValues } from './words.ts';

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
const enoughToTell = 5;
/** So seldom all of a few values pass a check by chance that it is none. */
const byAccident = 0.005;
/** What chance passes as often is told beside a name that agrees, and never by itself. */
const tooLikely = 0.3;

/** For columns of text, and for leaves of documents. */
export function decideText(subject: Subject): Decision {
  const { evidence, hint } = subject;
  if (evidence.looked === 0) return byName(hint, 'no value to look at');
  if (evidence.documents >= evidence.looked * 0.9) {
    const reason = `${of(evidence.documents, evidence)} are JSON documents`;
    return { is: 'mask', rules: [{ mask: 'json' }], confidence: 0.7, reason, seen: false };
  }
  const passed = [...evidence.whole].filter(([detector, count]) => isEnough(detector, count, evidence, hint));
  const agreeing = passed.find(([{ finding }]) => finding === hint?.finding);
  const [found, count] =
    agreeing ??
    firstOf(
      evidence,
      passed.filter(([{ chance }]) => chance < tooLikely),
    ) ??
    [];
  if (found && count !== undefined) return byValues(subject, found, count);
  const wordy = evidence.wordy >= evidence.looked * 0.3 || evidence.longest > 200;
  if (hint && hint.finding !== 'text') return byNameAgainst(subject, hint, wordy);
  if (wordy || hint) return asText(subject, hint);
  const some = partly(evidence);
  if (some) return asMixture(some);
  return asListOrUnknown(subject);
}

/** A detector that chance passes needs a name that says the same, or many values. */
function isEnough(detector: Detector, count: number, evidence: Evidence, hint: Hint | undefined): boolean {
  const share = count / evidence.looked;
  if (hint?.finding === detector.finding) return share >= 0.3;
  if (share < detector.enough) return false;
  if (detector.chance === 0 || evidence.looked >= enoughToTell) return true;
  return share === 1 && detector.chance ** evidence.looked < byAccident;
}

/** The best that was passed: in the detectors' order, but of words those that more values are. */
function firstOf(evidence: Evidence, passed: [Detector, number][]): [Detector, number] | undefined {
  const [first] = passed.filter(([{ finding }]) => !byDictionary.has(finding));
  if (first) return first;
  // A few words that come again and again are those of a list, even where they are names as well.
  const words = passed.filter(
    ([{ finding }]) => byDictionary.has(finding) && !(isList(evidence) && alsoWords.has(finding)),
  );
  return words.sort(([, a], [, b]) => b - a)[0];
}

const alsoWords: ReadonlySet<Finding> = new Set<Finding>(['first_name', 'last_name', 'city']);
const byDictionary: ReadonlySet<Finding> = new Set<Finding>([
  'full_name',
  'first_name',
  'last_name',
  'city',
  'country',
]);

function byValues({ evidence, hint }: Subject, detector: Detector, count: number): Decision {
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

function byName(hint: Hint | undefined, seen: string): Decision {
  if (!hint) return { is: 'unknown', reason: `${seen}, and the name does not tell` };
  const reason = `the name says ${hint.says}; ${seen}`;
  return { is: 'mask', rules: masksFor[hint.finding], confidence: rounded(hint.weight * 0.7), reason, seen: false };
}

/** The name says something that the values do not show. */
function byNameAgainst(subject: Subject, hint: Hint, wordy: boolean): Decision {
  const { evidence } = subject;
  if (toldByValues.has(hint.finding)) {
    const some = partly(evidence);
    if (some) return asMixture(some, hint);
    if (wordy) return asText(subject, undefined);
    return {
      is: 'unknown',
      reason: `the name says ${hint.says}, but none of ${evidence.looked} sampled values looks like it; ${generally(evidence)}`,
    };
  }
  const reason = `the name says ${hint.says}; such values have no form of their own to tell them by`;
  return { is: 'mask', rules: masksFor[hint.finding], confidence: rounded(hint.weight), reason, seen: false };
}

function asText({ evidence }: Subject, hint: Hint | undefined): Decision {
  const holding = [...evidence.within].sort(([, a], [, b]) => b - a).slice(0, 3);
  const words = evidence.wordy > 0 ? `${of(evidence.wordy, evidence)} have four words or more` : undefined;
  const inside = holding.map(([{ label }, count]) => `${count} hold ${label}`);
  const reason = [hint ? `the name says ${hint.says}` : undefined, words, ...inside].filter(Boolean).join(', ');
  const confidence = combined(words ? 0.6 : 0, holding.length > 0 ? 0.7 : 0, hint ? hint.weight : 0);
  return { is: 'mask', rules: masksFor.text, confidence, reason, seen: holding.length > 0 };
}

/** Some values are somebody's, so all are masked. */
function asMixture([detector, count]: [Detector, number], hint?: Hint): Decision {
  const rules = hint ? masksFor[hint.finding] : masksFor.text;
  const reason = `${count} of the sampled values look like ${detector.label}, the others do not${hint ? `, and the name says ${hint.says}` : ', so all are masked'}`;
  return { is: 'mask', rules, confidence: hint ? 0.7 : 0.6, reason, seen: true };
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

function asListOrUnknown({ evidence, name }: Subject): Decision {
  const namesIn = [...evidence.whole].filter(([{ finding }]) => byDictionary.has(finding) || finding === 'company');
  const few = isList(evidence);
  if (
    few &&
    evidence.wordsOnly &&
    evidence.longest <= 30 &&
    namesIn.every(([, count]) => count * 3 < evidence.looked)
  ) {
    const words = evidence.looked === 1 ? 'one and the same word' : `${evidence.looked} different words`;
    const reason = `${evidence.values} sampled values are ${words}, none of which looks like somebody’s`;
    const why = evidence.looked === 1 ? 'always the same word' : `one of ${evidence.looked} words`;
    return { is: 'keep', why, confidence: 0.7, reason };
  }
  if (isCount(name) && evidence.longest <= 12)
    return { is: 'unknown', reason: `the name says that it counts; ${generally(evidence)}` };
  return { is: 'unknown', reason: generally(evidence) };
}

/** Whether values come again and again, as words of a list do. */
export function isList(evidence: Evidence): boolean {
  return evidence.looked <= fewWords && evidence.values >= rowsThatTell && evidence.values >= evidence.looked * 10;
}

/** For date and timestamp. */
export function decideDate({ evidence, hint, name }: Subject): Decision {
  const { dates } = evidence;
  if (hint?.finding === 'birth_date' || hint?.finding === 'sensitive') {
    const ofPeople = dates.count > 0 ? `; ${dates.ofPeople} of ${dates.count} sampled dates fit people alive` : '';
    return {
      is: 'mask',
      rules: masksFor.birth_date,
      confidence: combined(hint.weight, dates.ofPeople > dates.count / 2 ? 0.5 : 0),
      reason: `the name says ${hint.says}${ofPeople}`,
      seen: true,
    };
  }
  if (isBookkeepingTime(name)) {
    return {
      is: 'keep',
      why: 'when the row was written',
      confidence: 0.8,
      reason: 'the name says that the application keeps its books with it',
    };
  }
  const spread = dates.lastYear - dates.firstYear;
  if (dates.count >= enoughToTell && dates.ofPeople >= dates.count * 0.9 && spread >= 20) {
    const reason = `${dates.ofPeople} of ${dates.count} sampled dates fit birth dates, over ${spread} years`;
    return { is: 'mask', rules: masksFor.birth_date, confidence: 0.7, reason, seen: true };
  }
  const reason =
    'when something happened may tell who it was; moved by the same amount everywhere, so that order and intervals stay';
  return {
    is: 'mask',
    rules: [{ mask: 'date', per: 'snapshot' }, ...masksFor.birth_date],
    confidence: 0.4,
    reason,
    seen: false,
  };
}

/** What a number may be. */
export const numeric: ReadonlySet<Finding> = new Set<Finding>([
  ...([
    'phone',
    'card',
    'national_id',
    'postcode',
    'password',
    'birth_date',
    'salary',
    'coordinate',
    'sensitive',
  ] as const),
]);

/**
 * For integers and decimals that are no keys.
 *
 * @param cautious a mask too many does no harm: numbers of documents are let through otherwise.
 */
export function decideNumber(subject: Subject, cautious = false): Decision {
  const { evidence, hint, name } = subject;
  const passed = [...evidence.whole].find(
    ([detector, count]) =>
      detector.chance < tooLikely &&
      (isEnough(detector, count, evidence, hint) || (cautious && count === evidence.looked)),
  );
  if (passed) return byValues(subject, ...passed);
  if (hint && numeric.has(hint.finding)) {
    const seen = evidence.looked === 0 ? 'no value to look at' : 'numbers';
    return { ...(byName(hint, seen) as Decision & { is: 'mask' }), confidence: hint.weight };
  }
  if (isCount(name))
    return {
      is: 'keep',
      why: 'a count or position',
      confidence: 0.6,
      reason: 'the name says that it counts or orders',
    };
  return { is: 'unknown', reason: `${generally(evidence)}; an amount may be somebody’s, and may have to add up` };
}

/** What values look like, without saying any. */
export function generally(evidence: Evidence): string {
  const { looked, values, shortest, longest, digits } = evidence;
  if (looked === 0) return 'no value to look at';
  const lengths = shortest === longest ? `${longest} characters` : `${shortest} to ${longest} characters`;
  const made = digits === looked ? 'digits' : digits === 0 ? 'no plain digits' : 'some of them digits';
  const least = looked >= 400 ? 'at least ' : '';
  return `${values} sampled values, ${least}${looked} different, ${lengths}, ${made}: they look like nothing that is known`;
}

function of(count: number, { looked }: Evidence): string {
  return `${count} of ${looked} sampled values`;
}

/** Independent reasons for one thing: the chance that not all are wrong. */
function combined(...confidences: number[]): number {
  return rounded(Math.min(0.99, 1 - confidences.reduce((doubt, confidence) => doubt * (1 - confidence), 1)));
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
