import type { Kind } from '../kind.ts';
import { append, appendString } from '../sink.ts';

const dayMs = 86_400_000;

/** What Postgres prints under DateStyle ISO. */
const isoDate = /^(\d{4,7})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(\.\d+)?([+-][\d:]+|Z)?)?( BC)?$/;

/**
 * Moves dates and times by up to `days` (30). `per: value` moves each by an amount of its own; `per: snapshot` moves
 * all by the same one, so that intervals and orders stay (a CHECK that compares two columns needs that).
 */
export const date: Kind = {
  summary: 'Moved by up to `days` (30) days; `per: snapshot` moves all alike and keeps intervals',
  holds: ['date', 'timestamp', 'text'],
  options: { days: { type: 'integer', minimum: 1, maximum: 36500 }, per: { enum: ['value', 'snapshot'] } },
  unique: (rule) => (rule.per === 'snapshot' ? 'always' : 'never'),
  needsEscape: true,
  create: ({ hmac, mask }, rule, place) => {
    const digestOf = hmac('date');
    const days = Number(rule.days ?? 30);
    const perSnapshot = rule.per === 'snapshot';
    const constant = Buffer.from('shift of the snapshot');
    const otherwise = place.family === 'text' ? mask({ mask: 'text' }, place) : undefined;
    return (bytes, start, end, out) => {
      const original = bytes.toString('latin1', start, end);
      const match = isoDate.exec(original);
      if (!match) {
        if (otherwise) return otherwise(bytes, start, end, out);
        // `infinity` and `-infinity` are all that is left.
        return append(out, bytes, start, end);
      }
      const digest = perSnapshot ? digestOf(constant, 0, constant.length) : digestOf(bytes, start, end);
      const sign = digest[0]! & 1 ? 1 : -1;
      const shiftMs =
        match[4] === undefined
          ? sign * (1 + (digest[1]! % days)) * dayMs
          : perSnapshot
            ? sign * (1 + (digest[1]! % days)) * dayMs
            : sign * (1 + (digest[1]! % (days * 86_400))) * 1000;
      appendString(out, shifted(match, shiftMs, perSnapshot ? undefined : digest[2]!));
    };
  },
};

/** The fraction of a second is as good as a name, so it is drawn anew unless everything moves alike. */
function shifted(match: RegExpExecArray, shiftMs: number, fractionWord: number | undefined): string {
  const [, year, month, day, hour, minute, second, fraction, zone, era] = match;
  const moment = new Date(0);
  moment.setUTCFullYear(era ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  moment.setUTCHours(Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0));
  moment.setTime(moment.getTime() + shiftMs);
  // Beyond what JavaScript can count (the year 275760) nothing that happened is lost.
  if (Number.isNaN(moment.getTime())) moment.setTime(0);
  const fullYear = moment.getUTCFullYear();
  const two = (value: number) => String(value).padStart(2, '0');
  const dateText = `${String(fullYear > 0 ? fullYear : 1 - fullYear).padStart(4, '0')}-${two(moment.getUTCMonth() + 1)}-${two(moment.getUTCDate())}`;
  const eraText = fullYear > 0 ? '' : ' BC';
  if (hour === undefined) return dateText + eraText;
  const time = `${two(moment.getUTCHours())}:${two(moment.getUTCMinutes())}:${two(moment.getUTCSeconds())}`;
  const digits = (fraction ?? '').length - 1;
  const newFraction =
    digits < 1
      ? ''
      : fractionWord === undefined
        ? fraction
        : `.${String(fractionWord % 1_000_000)
            .padStart(6, '0')
            .padEnd(digits, '0')
            .slice(0, digits)}`;
  return `${dateText} ${time}${newFraction}${zone ?? ''}${eraText}`;
}
