import { families, type Kind, type MaskRule, type Misfit, type Place } from '../kind.ts';
import { append, appendString } from '../rows/sink.ts';
import { largestOf, parseDecimal } from '../values/decimal.ts';

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
  return holdsNumber(value, place)
    ? undefined
    : { what: `cannot hold ${value}`, remedy: 'Use a number within its range, with no more decimals' };
}

function holdsNumber(value: string, place: Place): boolean {
  const decimal = parseDecimal(value);
  if (!decimal) {
    // NaN, Infinity, 1e30.
    if (place.family === 'integer') return false;
    if (value === 'NaN') return true;
    return place.precision === undefined && value.trim() !== '' && !Number.isNaN(Number(value));
  }
  const { units, decimals } = decimal;
  const largest = largestOf(place, decimals);
  if (largest === undefined) return true;
  // An integer type holds one more below zero than above.
  const least = place.family === 'integer' ? -largest - 1n : -largest;
  return units <= largest && units >= least && (place.family === 'decimal' || decimals === 0);
}
