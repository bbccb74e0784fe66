import { combined, type Decision, enoughToTell, type Subject } from './decide.ts';
import { isBookkeepingTime } from './names-of-columns.ts';
import { masksFor } from './words.ts';

/** For date and timestamp. */
export function decideDate({ evidence, hint, name }: Subject): Decision {
  const { dates } = evidence;
  if (hint?.finding === 'birth_date' || hint?.finding === 'sensitive') {
    const fits = dates.ofPeople > dates.count / 2;
    const ofPeople = dates.count > 0 ? `; ${dates.ofPeople} of ${dates.count} sampled dates fit people alive` : '';
    return {
      is: 'mask',
      rules: masksFor.birth_date,
      confidence: combined(hint.weight, fits ? 0.5 : 0),
      reason: `the name says ${hint.says}${ofPeople}`,
      seen: fits,
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
