import { byName, byValues, type Decision, generally, isEnough, type Subject, tooLikely } from './decide.ts';
import type { Finding } from './detect/detector.ts';
import { isCount } from './names-of-columns.ts';

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
