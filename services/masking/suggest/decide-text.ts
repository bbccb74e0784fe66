import {
  byDictionary,
  byName,
  byValues,
  combined,
  type Decision,
  generally,
  isEnough,
  isList,
  of,
  partly,
  rounded,
  type Subject,
  tooLikely,
} from './decide.ts';
import type { Detector, Finding } from './detect/detector.ts';
import type { Evidence } from './evidence.ts';
import { type Hint, isCount } from './names-of-columns.ts';
import { masksFor, toldByValues } from './words.ts';

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
