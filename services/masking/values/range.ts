import type { Mask, Place } from '../kind.ts';
import { appendString } from '../rows/sink.ts';
import { ofStrings } from './apply.ts';
import { largestOf, parseDecimal, printDecimal } from './decimal.ts';
import { parseMoment, printMoment } from './moment.ts';
import { Unmaskable } from './unmaskable.ts';

/** What the bounds of ranges can be, for masks that see to their order. */
export const rangeFamilies: readonly string[] = ['integer', 'decimal', 'date', 'timestamp'];

/** One range as Postgres prints it: `[1,5)`, `(,"2024-01-01 00:00:00"]`. */
const ranges = /([[(])(?:"([^"]*)"|([^",[\]()]*)),(?:"([^"]*)"|([^",[\]()]*))([\])])/g;

/** What is there beside ranges: nothing, the word for one without bounds, or a multirange's braces and commas. */
const besideRanges = /^(?:empty|\{,*\})?$/;

/**
 * Masks both bounds of a range, and of each range of a multirange
 * (https://www.postgresql.org/docs/17/rangetypes.html#RANGETYPES-IO). Bounds that come out in the wrong order change
 * places; a range that holds more than a point does so afterwards; what is empty or without a bound stays so.
 */
export function maskBounds(mask: Mask, place: Place): Mask {
  const masked = ofStrings(mask);
  return (bytes, start, end, out) => {
    const literal = bytes.toString('latin1', start, end);
    if (!besideRanges.test(literal.replace(ranges, '')))
      throw new Unmaskable('a range is not written as [1,5) or {[1,5),[8,)}');
    const result = literal.replace(ranges, (_, open, lowerQuoted, lowerPlain, upperQuoted, upperPlain, close) => {
      const lower: string = lowerQuoted ?? lowerPlain;
      const upper: string = upperQuoted ?? upperPlain;
      const pair = inOrder(masked(lower), masked(upper), lower === upper, place);
      return `${open}${pair.map((bound) => bound && `"${bound}"`).join(',')}${close}`;
    });
    appendString(out, result);
  };
}

function inOrder(one: string, other: string, isPoint: boolean, place: Place): [string, string] {
  if (one === '' || other === '') return [one, other];
  const order = compare(one, other, place);
  if (order > 0) return [other, one];
  if (order < 0 || isPoint) return [one, other];
  const above = stepped(other, 1n, place);
  return above === undefined ? [stepped(one, -1n, place)!, other] : [one, above];
}

function compare(one: string, other: string, { family }: Place): number {
  const [a, b] =
    family === 'date' || family === 'timestamp' ? [instant(one), instant(other)] : [size(one), size(other)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Microseconds; JavaScript compares them with the infinities. */
function instant(text: string): bigint | number {
  const moment = parseMoment(text);
  if (!moment) return text.startsWith('-') ? -Infinity : Infinity;
  return BigInt(moment.epochMs) * 1000n + BigInt(moment.fraction.slice(1).padEnd(6, '0'));
}

function size(text: string): bigint | number {
  const decimal = parseDecimal(text);
  // 60 decimals are more than a mask gives; floats of a great size are no more exact than this either.
  return decimal ? decimal.units * 10n ** BigInt(Math.max(0, 60 - decimal.decimals)) : Number(text) * 1e60;
}

/** The next value up or down; undefined where the type has none. */
function stepped(text: string, step: bigint, place: Place): string | undefined {
  if (place.family === 'date' || place.family === 'timestamp') {
    const moment = parseMoment(text);
    const stepMs = place.family === 'date' ? 86_400_000 : 1000;
    return moment ? printMoment({ ...moment, epochMs: moment.epochMs + Number(step) * stepMs }) : text;
  }
  const decimal = parseDecimal(text);
  if (!decimal) return String(Number(text) * (1 + Number(step) * 1e-6));
  const units = decimal.units + step;
  const largest = largestOf(place, decimal.decimals);
  if (largest !== undefined && units > largest) return undefined;
  return printDecimal({ units, decimals: decimal.decimals });
}
