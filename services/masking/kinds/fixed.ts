import { largestOf, parseDecimal } from '../decimal.ts';
import { families, type Kind, type MaskRule, type Misfit, type Place } from '../kind.ts';
import { append, appendString } from '../sink.ts';

/** Kinds that write the same into every row. */

/** In documents, composite values and hstore, which have a word of their own for it, its rule is seen to there. */
export const nothing: Kind = {
  summary: 'NULL',
  holds: families,
  unique: 'always',
  whole: true,
  fixed: () => null,
  create: () => (_bytes, _start, _end, out) => appendString(out, 'null'),
};

export const constant: Kind = {
  summary: 'The same `value` everywhere; NULL stays NULL',
  holds: families,
  options: { value: { type: ['string', 'number', 'boolean'] } },
  required: ['value'],
  unique: 'never',
  needsEscape: true,
  whole: true,
  fixed: (_materials, rule) => String(rule.value),
  misfit: (rule, place) => misfitOfValue(String(rule.value), place),
  create: (_materials, rule: MaskRule) => {
    const value = Buffer.from(String(rule.value));
    return (_bytes, _start, _end, out) => append(out, value);
  },
};

/** What of a value can be told to be wrong without asking Postgres. */
export function misfitOfValue(value: string, place: Place): Misfit | undefined {
  const { family, labels, limit } = place;
  if (labels && !labels.includes(value))
    return { what: `has no label ${value}`, remedy: `Use one of: ${labels.join(', ')}` };
  if (family === 'boolean' && !/^(t|f|true|false)$/.test(value))
    return { what: `cannot hold ${value}`, remedy: 'Use true or false' };
  if (limit !== undefined && [...value].length > limit)
    return { what: `cannot hold ${[...value].length} characters`, remedy: `Use a value of ${limit} at most` };
  if (family !== 'integer' && family !== 'decimal') return undefined;
  const decimal = parseDecimal(value);
  if (!decimal) {
    const isFloat = place.type.startsWith('float') && value.trim() !== '' && !Number.isNaN(Number(value));
    return isFloat ? undefined : { what: `cannot hold ${value}`, remedy: 'Use a number' };
  }
  const largest = largestOf(place, decimal.decimals);
  // Integers reach one further below zero.
  const below = family === 'integer' ? 1n : 0n;
  const size = decimal.units < 0n ? -decimal.units - below : decimal.units;
  if ((family === 'integer' && decimal.decimals > 0) || (largest !== undefined && size > largest))
    return { what: `cannot hold ${value}`, remedy: 'Use a number within its range' };
  return undefined;
}
