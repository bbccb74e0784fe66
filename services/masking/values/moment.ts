/** Dates and times as Postgres prints them under DateStyle ISO, and as ISO 8601 itself has them, with a T. */

const printed = /^(\d{4,7})-(\d\d)-(\d\d)(?:([ T])(\d\d):(\d\d):(\d\d)(\.\d+)?([+-][\d:]+|Z)?)?( BC)?$/;

export interface Moment {
  /** Milliseconds since 1970, without the fraction of a second. */
  epochMs: number;
  hasTime: boolean;
  /** Between date and time: a blank, as Postgres prints it, or the T without which many a parser refuses it. */
  separator: string;
  /** `.123456`, or nothing. */
  fraction: string;
  zone: string;
}

/** What is later or earlier than all dates, and says nothing of anybody. */
export function isInfinity(text: string): boolean {
  return text === 'infinity' || text === '-infinity';
}

/** For what is written in no form that Postgres prints, such as 1984-3-17 or March 17, 1984, which it reads nevertheless. */
export const noMoment = 'a date or time is not written as ISO 8601 (1984-03-17)';

/** `infinity`, and what is no date, give undefined. Beyond what JavaScript can count (the year 275760) all is 1970. */
export function parseMoment(text: string): Moment | undefined {
  const match = printed.exec(text);
  if (!match) return undefined;
  const [, year, month, day, separator = ' ', hour, minute, second, fraction = '', zone = '', era] = match;
  const moment = new Date(0);
  moment.setUTCFullYear(era ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  moment.setUTCHours(Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0));
  const epochMs = moment.getTime();
  return { epochMs: Number.isNaN(epochMs) ? 0 : epochMs, hasTime: hour !== undefined, separator, fraction, zone };
}

export function printMoment({ epochMs, hasTime, separator, fraction, zone }: Moment): string {
  const moment = new Date(epochMs);
  const fullYear = moment.getUTCFullYear();
  const two = (value: number) => String(value).padStart(2, '0');
  const year = String(fullYear > 0 ? fullYear : 1 - fullYear).padStart(4, '0');
  const date = `${year}-${two(moment.getUTCMonth() + 1)}-${two(moment.getUTCDate())}`;
  const era = fullYear > 0 ? '' : ' BC';
  if (!hasTime) return date + era;
  const time = `${two(moment.getUTCHours())}:${two(moment.getUTCMinutes())}:${two(moment.getUTCSeconds())}`;
  return `${date}${separator}${time}${fraction}${zone}${era}`;
}

/** The first day that Postgres can hold is in 4714 BC; a year is left to move within. */
export const earliestMs = Date.UTC(-4711, 0, 1);
export const latestMs = 8_640_000_000_000_000 - 366 * 86_400_000;
