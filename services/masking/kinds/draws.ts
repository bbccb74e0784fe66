import { pick } from '../digest.ts';
import { families, type Kind, type MaskRule, type Misfit, type Place } from '../kind.ts';
import { append, appendByte, appendString, createSink } from '../sink.ts';
import { misfitOfValue } from './fixed.ts';

/** Kinds whose values are given: by the column itself, by its type, or by the policy. */

/**
 * Each value becomes another of the same pool, and no two the same: how often values occur stays, so the commonest can
 * be told. A pool is the column's own values; columns that say the same `pool` share one, and are masked alike.
 */
export const shuffle: Kind = {
  summary: 'Another value of the same column, or of all columns with the same `pool`',
  holds: families,
  options: { pool: { type: 'string', minLength: 1 } },
  unique: 'always',
  needsEscape: true,
  whole: true,
  columnsOnly: true,
  create: ({ pools }, _rule, place) => {
    const others = pools.get(place.pool ?? '');
    if (!others) throw new Error('The values of a column that is shuffled have not been read');
    return (bytes, start, end, out) => {
      const value = bytes.toString('utf8', start, end);
      const other = others.get(place.type === 'citext' ? value.toLowerCase() : value);
      if (other === undefined)
        throw new Error('A column that is shuffled has a value that was not there when it was read');
      appendString(out, other);
    };
  },
};

/**
 * Drawn for each row, or for each `subject`, whatever the original was: nothing is left to look up, not even which rows
 * had the same value. What is listed twice comes up twice as often.
 */
export const randomise: Kind = {
  summary: 'One of `values` (of an enum, its labels; of a boolean, both), drawn for each row or `subject`',
  holds: families.filter((family) => family !== 'composite' && family !== 'hstore'),
  options: {
    values: { type: 'array', minItems: 2, items: { type: ['string', 'number', 'boolean'] } },
    subject: { type: 'string', minLength: 1 },
  },
  unique: 'never',
  needsEscape: true,
  columnsOnly: true,
  perRow: true,
  misfit: misfitOfDraw,
  create: ({ hmac }, rule, place) => {
    const digestOf = hmac('randomise');
    const values = valuesOf(rule, place)!.map((value) => Buffer.from(value));
    const { subject } = place;
    const message = createSink(256);
    return (bytes, start, end, out) => {
      message.at = 0;
      // The original as well, so that the elements of an array are not all drawn alike.
      appendString(message, `${subject?.column}\0`);
      if (subject) append(message, subject.bytes, subject.start, subject.end);
      appendByte(message, 0);
      append(message, bytes, start, end);
      append(out, pick(values, digestOf(message.bytes, 0, message.at)[0]!));
    };
  },
};

function valuesOf(rule: MaskRule, { family, labels }: Place): string[] | undefined {
  if (Array.isArray(rule.values)) return rule.values.map(String);
  if (labels) return [...labels];
  return family === 'boolean' ? ['t', 'f'] : undefined;
}

function misfitOfDraw(rule: MaskRule, place: Place): Misfit | undefined {
  if (place.isRange)
    return { what: 'is a range, whose bounds cannot be drawn', remedy: 'Use shuffle, constant or null' };
  const values = valuesOf(rule, place);
  if (!values) return { what: 'has no values to draw from', remedy: 'List them: `values: [a, b]`' };
  if (values.length < 2) return { what: 'has a single value to draw', remedy: 'Use constant, or keep' };
  return values.map((value) => misfitOfValue(value, place)).find((misfit) => misfit !== undefined);
}
