import type { Kind, Mask, MaskRule, Misfit, Place } from '../kind.ts';
import { append, appendString, reserve } from '../rows/sink.ts';
import { parseDecimal, printDecimal, unitsOf } from '../values/decimal.ts';
import { earliestMs, isInfinity, noMoment, parseMoment, printMoment } from '../values/moment.ts';
import { Unmaskable } from '../values/unmaskable.ts';
import { charactersIn } from './text.ts';

/**
 * For columns of so few values that a replacement could be looked up: the value is made coarser, the same for everybody
 * in the same group. It needs no key, and where everybody in a group is alike, it hides nothing.
 */
export const generalise: Kind = {
  summary:
    'Coarser: dates and times `to` their year, month…; numbers to a multiple of `bucket`; text and addresses to their first `prefix` characters or bits',
  holds: ['date', 'timestamp', 'time', 'integer', 'decimal', 'money', 'text', 'inet', 'cidr'],
  options: {
    to: { enum: ['minute', 'hour', 'day', 'month', 'quarter', 'year', 'decade'] },
    bucket: { type: 'number', exclusiveMinimum: 0 },
    prefix: { type: 'integer', minimum: 0, maximum: 128 },
  },
  unique: 'never',
  needsEscape: true,
  misfit: misfitOfGeneralise,
  create: (materials, rule, place) => {
    switch (optionFor(place)) {
      case 'to':
        return place.family === 'time' ? ofTimes(String(rule.to)) : ofMoments(String(rule.to));
      case 'bucket':
        return ofNumbers(Number(rule.bucket));
      default:
        return place.family === 'text'
          ? ofText(Number(rule.prefix))
          : ofAddresses(materials.mask({ mask: 'ip' }, place), Number(rule.prefix));
    }
  },
};

function optionFor({ family }: Place): 'to' | 'bucket' | 'prefix' {
  if (family === 'date' || family === 'timestamp' || family === 'time') return 'to';
  return family === 'integer' || family === 'decimal' || family === 'money' ? 'bucket' : 'prefix';
}

function misfitOfGeneralise(rule: MaskRule, place: Place): Misfit | undefined {
  const option = optionFor(place);
  if (rule[option] === undefined)
    return { what: `is generalised by \`${option}\`, which the rule lacks`, remedy: `Add \`${option}\`` };
  if (option === 'to') return misfitOfPart(String(rule.to), place);
  return option === 'bucket' ? misfitOfBucket(Number(rule.bucket), place) : misfitOfPrefix(Number(rule.prefix), place);
}

/** A date’s own day is all of it. */
function misfitOfPart(to: string, { family }: Place): Misfit | undefined {
  const parts = family === 'time' ? ['minute', 'hour'] : ['month', 'quarter', 'year', 'decade'];
  if (family === 'timestamp' || parts.includes(to)) return undefined;
  const what = family === 'date' && to === 'day' ? unchanged(`to ${to}`) : `has no ${to} to be generalised to`;
  return { what, remedy: `Use one of: ${parts.join(', ')}` };
}

/** Money has two decimals under lc_monetary C; those of a float, and of numeric without a scale, are not known. */
function misfitOfBucket(bucket: number, { family, scale }: Place): Misfit | undefined {
  if (family === 'integer' && !Number.isInteger(bucket))
    return { what: 'holds whole numbers, and `bucket` is none', remedy: 'Use a whole number' };
  const decimals = family === 'integer' ? 0 : family === 'money' ? 2 : scale;
  if (decimals === undefined || unitsOf(bucket, decimals) > 1n) return undefined;
  // 0.01 of two decimals, 100 of minus two.
  const unit = printDecimal({ units: 1n, decimals });
  return { what: unchanged(`to multiples of ${bucket}`), remedy: `Use a \`bucket\` well above ${unit}` };
}

function misfitOfPrefix(prefix: number, { family, limit }: Place): Misfit | undefined {
  if (family !== 'text')
    return prefix < 32
      ? undefined
      : { what: unchanged(`to ${prefix} bits`), remedy: 'Use a `prefix` below 32; IPv6 addresses are masked whole' };
  if (limit === undefined || prefix < limit) return undefined;
  return { what: unchanged(`to ${prefix} characters`), remedy: `Use a \`prefix\` well below ${limit}` };
}

function unchanged(how: string): string {
  return `would stay as it is, generalised ${how}`;
}

function ofMoments(to: string): Mask {
  return (bytes, start, end, out) => {
    const printed = bytes.toString('latin1', start, end);
    const moment = parseMoment(printed);
    if (!moment) {
      if (isInfinity(printed)) return append(out, bytes, start, end);
      throw new Unmaskable(noMoment);
    }
    const first = new Date(moment.epochMs);
    const [year, month] = [first.getUTCFullYear(), first.getUTCMonth()];
    if (to === 'decade') first.setUTCFullYear(Math.floor(year / 10) * 10, 0, 1);
    if (to === 'year') first.setUTCMonth(0, 1);
    if (to === 'quarter') first.setUTCMonth(month - (month % 3), 1);
    if (to === 'month') first.setUTCDate(1);
    if (to !== 'minute' && to !== 'hour') first.setUTCHours(0);
    if (to !== 'minute') first.setUTCMinutes(0);
    first.setUTCSeconds(0);
    // The decade of the first day that Postgres can hold began before it.
    const epochMs = Math.max(earliestMs, first.getTime());
    appendString(out, printMoment({ ...moment, epochMs, fraction: '' }));
  };
}

/** `04:05:06.789+02`; the offset of timetz stays. */
function ofTimes(to: string): Mask {
  return (bytes, start, end, out) => {
    const printed = bytes.toString('latin1', start, end);
    const time = /^(\d\d):(\d\d):\d\d(?:\.\d+)?([+-][\d:]+)?$/.exec(printed);
    if (!time) throw new Unmaskable('a time of day is not written as 04:05:06');
    const [, hour, minute, zone] = time;
    appendString(out, `${hour}:${to === 'minute' ? minute : '00'}:00${zone ?? ''}`);
  };
}

function ofNumbers(bucket: number): Mask {
  return (bytes, start, end, out) => {
    const original = bytes.toString('latin1', start, end).replace(/[$,]/g, '');
    const decimal = parseDecimal(original);
    if (decimal) {
      // A bucket finer than the value's own decimals leaves it where it is.
      const size = unitsOf(bucket, decimal.decimals) || 1n;
      return appendString(out, printDecimal({ ...decimal, units: decimal.units - (decimal.units % size) }));
    }
    const value = Number(original);
    if (Number.isFinite(value)) return appendString(out, String(Math.trunc(value / bucket) * bucket));
    // NaN and Infinity say nothing; what is no number at all is not let through.
    return /^(NaN|-?Infinity)$/.test(original) ? append(out, bytes, start, end) : appendString(out, '0');
  };
}

/** Beyond the prefix digits become 0 and letters A or a, so that a postcode keeps its shape: SW1A 1AA is SW0A 0AA. */
function ofText(prefix: number): Mask {
  return (bytes, start, end, out) => {
    reserve(out, end - start);
    // A value as short as the prefix would stay whole.
    let left = Math.min(prefix, charactersIn(bytes, start, end) - 1);
    for (let index = start; index < end; index++) {
      const byte = bytes[index]!;
      const goesOn = (byte & 0xc0) === 0x80;
      if (!goesOn) left--;
      if (left >= 0) out.bytes[out.at++] = byte;
      else if (!goesOn) out.bytes[out.at++] = coarse(byte);
    }
  };
}

function coarse(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return 0x30;
  if (byte >= 0x41 && byte <= 0x5a) return 0x41;
  return (byte >= 0x61 && byte <= 0x7a) || byte >= 0x80 ? 0x61 : byte;
}

/** The network alone, of so many bits; an IPv6 address is masked whole. */
function ofAddresses(otherwise: Mask, prefix: number): Mask {
  return (bytes, start, end, out) => {
    const original = bytes.toString('latin1', start, end);
    const [address, mask] = original.split('/') as [string, string?];
    if (!/^\d+(\.\d+){3}$/.test(address)) return otherwise(bytes, start, end, out);
    const bits = Math.min(prefix, 32);
    const word = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    const network = bits === 0 ? 0 : (word & (0xffffffff << (32 - bits))) >>> 0;
    const dotted = [24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.');
    appendString(out, mask === undefined ? dotted : `${dotted}/${mask}`);
  };
}
