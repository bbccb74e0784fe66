import { createStream, pick } from '../keyed/digest.ts';
import type { Digest } from '../keyed/hmac.ts';
import { families, type Kind, type MaskRule, type Misfit, type Place } from '../kind.ts';
import { append, appendByte, appendString, createSink, reserve, type Sink } from '../rows/sink.ts';
import { largestOf, parseDecimal, printDecimal, rescaled } from '../values/decimal.ts';
import { parseMoment, printMoment } from '../values/moment.ts';
import { misfitOfValue } from './fixed.ts';
import { poolOf } from './shuffle.ts';

/**
 * Drawn for each row, or for each `subject`, whatever the original was: nothing is left to look up, not even which rows
 * had the same value. What is listed twice in `values` comes up twice as often; of the column's own, which are read
 * beforehand, each as often as another.
 */
export const randomise: Kind = {
  summary:
    'Drawn for each row or `subject`: one of `values` (of an enum, its labels; of a boolean, both; `own`: those that the column has), between `from` and `to`, or text of the same `shape`',
  holds: families.filter((family) => family !== 'composite' && family !== 'hstore'),
  options: {
    values: {
      anyOf: [{ type: 'array', minItems: 2, items: { type: ['string', 'number', 'boolean'] } }, { const: 'own' }],
    },
    from: { type: ['string', 'number'] },
    to: { type: ['string', 'number'] },
    shape: { const: true },
    subject: { type: 'string', minLength: 1 },
  },
  unique: 'never',
  needsEscape: true,
  columnsOnly: true,
  perRow: true,
  pooled: drawsOwn,
  misfit: misfitOfDraw,
  create: ({ hmac, pools }, rule, place) => {
    const digestOf = hmac('randomise');
    const draw = drawsOwn(rule) ? ofValues([...poolOf(pools, place).keys()]) : drawOf(rule, place);
    const { subject } = place;
    const message = createSink(256);
    return (bytes, start, end, out) => {
      message.at = 0;
      // The original as well, so that the elements of an array are not all drawn alike.
      appendString(message, `${subject?.column}\0`);
      if (subject) append(message, subject.bytes, subject.start, subject.end);
      appendByte(message, 0);
      append(message, bytes, start, end);
      draw(digestOf(message.bytes, 0, message.at), bytes, start, end, out);
    };
  },
};

function drawsOwn({ values }: MaskRule): boolean {
  return values === 'own';
}

type Draw = (digest: Digest, bytes: Buffer, start: number, end: number, out: Sink) => void;

function drawOf(rule: MaskRule, place: Place): Draw {
  if (rule.shape) return ofShape();
  const range = rule.from === undefined ? undefined : rangeOf(rule, place)!;
  if (range) {
    const size = range.to - range.from + 1n;
    return (digest, _bytes, _start, _end, out) =>
      appendString(out, range.print(range.from + (((BigInt(digest[0]!) << 32n) | BigInt(digest[1]!)) % size)));
  }
  return ofValues(valuesOf(rule, place)!);
}

function ofValues(drawn: readonly string[]): Draw {
  const values = drawn.map((value) => Buffer.from(value));
  return (digest, _bytes, _start, _end, out) => append(out, pick(values, digest[0]!));
}

/** Digits for digits, letters for letters; one outside ASCII becomes a small one. */
function ofShape(): Draw {
  const stream = createStream();
  return (digest, bytes, start, end, out) => {
    stream.seed(digest);
    reserve(out, end - start);
    for (let index = start; index < end; index++) {
      const byte = bytes[index]!;
      if ((byte & 0xc0) === 0x80) continue;
      if (byte >= 0x30 && byte <= 0x39) out.bytes[out.at++] = 0x30 + (stream.next() % 10);
      else if (byte >= 0x41 && byte <= 0x5a) out.bytes[out.at++] = 0x41 + (stream.next() % 26);
      else if ((byte >= 0x61 && byte <= 0x7a) || byte >= 0x80) out.bytes[out.at++] = 0x61 + (stream.next() % 26);
      else out.bytes[out.at++] = byte;
    }
  };
}

interface DrawnRange {
  from: bigint;
  to: bigint;
  print: (value: bigint) => string;
}

/** Days, seconds, or units of the last decimal; undefined where `from` and `to` are no values of the family. */
function rangeOf(rule: MaskRule, { family, scale }: Place): DrawnRange | undefined {
  const [from, to] = [String(rule.from), String(rule.to)];
  if (family === 'date' || family === 'timestamp') {
    const [first, last] = [parseMoment(from), parseMoment(to)];
    if (!first || !last) return undefined;
    const stepMs = family === 'date' ? 86_400_000 : 1000;
    const print = (value: bigint) =>
      printMoment({
        ...first,
        hasTime: family === 'timestamp',
        separator: ' ',
        fraction: '',
        epochMs: Number(value) * stepMs,
      });
    const stepOf = (epochMs: number) => BigInt(Math.floor(epochMs / stepMs));
    return { from: stepOf(first.epochMs), to: stepOf(last.epochMs), print };
  }
  const [least, most] = [parseDecimal(from), parseDecimal(to)];
  if (!least || !most) return undefined;
  const decimals = family === 'integer' ? 0 : (scale ?? Math.max(least.decimals, most.decimals));
  const print = (units: bigint) => printDecimal({ units, decimals });
  return { from: rescaled(least, decimals), to: rescaled(most, decimals), print };
}

function valuesOf(rule: MaskRule, { family, labels }: Place): string[] | undefined {
  if (Array.isArray(rule.values)) return rule.values.map(String);
  if (labels) return [...labels];
  return family === 'boolean' ? ['t', 'f'] : undefined;
}

function misfitOfDraw(rule: MaskRule, place: Place): Misfit | undefined {
  if (place.isRange)
    return { what: 'is a range, whose bounds cannot be drawn', remedy: 'Use shuffle, constant or null' };
  const ways = [rule.values, rule.from ?? rule.to, rule.shape].filter((way) => way !== undefined);
  if (ways.length > 1) return { what: 'says in two ways what is drawn', remedy: 'Leave one of them' };
  if (rule.shape && place.family !== 'text')
    return { what: 'has no shape to keep', remedy: 'Use values, or from and to' };
  if (rule.shape || drawsOwn(rule)) return undefined;
  if (rule.from !== undefined || rule.to !== undefined) return misfitOfRange(rule, place);
  const values = valuesOf(rule, place);
  if (!values)
    return {
      what: 'has no values to draw from',
      remedy: 'Say them: `values: [a, b]`, `values: own`, `from` and `to`, or `shape: true`',
    };
  if (values.length < 2) return { what: 'has a single value to draw', remedy: 'Use constant, or keep' };
  return values.map((value) => misfitOfValue(value, place)).find((misfit) => misfit !== undefined);
}

function misfitOfRange(rule: MaskRule, place: Place): Misfit | undefined {
  if (!['integer', 'decimal', 'date', 'timestamp'].includes(place.family))
    return { what: 'has nothing between `from` and `to`', remedy: 'Use `values`' };
  if ([rule.from, rule.to].some((bound) => typeof bound === 'number' && Math.abs(bound) > Number.MAX_SAFE_INTEGER))
    return {
      what: 'has a `from` or `to` beyond 2^53, of which a number of JSON may have lost digits',
      remedy: 'Write it in quotes: "9007199254740993"',
    };
  const range = rangeOf(rule, place);
  if (!range || range.from >= range.to)
    return { what: 'has no `from` that lies before its `to`', remedy: 'Say both, as numbers or as 1980-01-31' };
  const largest = largestOf(place, place.scale ?? 0);
  const size = (value: bigint) => (value < 0n ? -value : value);
  if (largest === undefined || (size(range.from) <= largest && size(range.to) <= largest)) return undefined;
  return { what: `cannot hold all between ${rule.from} and ${rule.to}`, remedy: 'Stay within its range' };
}
