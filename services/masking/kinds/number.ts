import { type Decimal, largestOf, parseDecimal, printDecimal, unitsOf } from '../decimal.ts';
import type { Kind, MaskRule, Place } from '../kind.ts';
import { append, appendString } from '../sink.ts';

/**
 * Adds up to ± `noise` (0.1, a tenth) of the value, or up to ± `amount`, and one unit of its last digit at least; `min`
 * and `max` bound the result. With `noise` sign and zero stay, and nothing becomes zero. Decimals stay always.
 */
export const number: Kind = {
  summary: 'Off by up to `noise` (0.1) of the value, or by up to `amount`, within `min` and `max`; decimals stay',
  holds: ['integer', 'decimal', 'money'],
  options: {
    noise: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
    amount: { type: 'number', exclusiveMinimum: 0 },
    min: { type: 'number' },
    max: { type: 'number' },
  },
  unique: 'never',
  misfit: misfitOfNumber,
  create: ({ hmac }, rule, place) => {
    const digestOf = hmac('number');
    const isMoney = place.family === 'money';
    return (bytes, start, end, out) => {
      const printed = bytes.toString('latin1', start, end);
      // `-$1,234.56`, under lc_monetary C.
      const original = isMoney ? printed.replace(/[$,]/g, '') : printed;
      // The same number in columns of different scale is the same original.
      const canonical = Buffer.from(original.includes('.') ? original.replace(/\.?0+$/, '') : original, 'latin1');
      const digest = digestOf(canonical, 0, canonical.length);
      const decimal = parseDecimal(original);
      if (decimal) return appendString(out, printDecimal(withNoise(decimal, digest, rule, place)));
      // 1e+30, NaN, Infinity; in a document, anything.
      const value = Number(original);
      if (!Number.isFinite(value))
        return /^(NaN|-?Infinity)$/.test(original) ? append(out, bytes, start, end) : appendString(out, '0');
      const draw = digest[0]! / 2 ** 31 - 1;
      const noisy =
        rule.amount === undefined ? value * (1 + Number(rule.noise ?? 0.1) * draw) : value + Number(rule.amount) * draw;
      const { min = -Infinity, max = Infinity } = rule as { min?: number; max?: number };
      appendString(out, String(Math.min(max, Math.max(min, noisy))));
    };
  },
};

function misfitOfNumber(rule: MaskRule, place: Place) {
  const { min, max } = rule as { min?: number; max?: number };
  if (rule.noise !== undefined && rule.amount !== undefined)
    return { what: 'says both `noise` and `amount`', remedy: 'Leave one of them out' };
  if (min !== undefined && max !== undefined && min >= max)
    return { what: 'has a `min` that is not below its `max`', remedy: 'Correct them' };
  const largest = largestOf(place, 0);
  const beyond = [min, max].find(
    (one) => one !== undefined && largest !== undefined && unitsOf(Math.abs(one), 0) > largest,
  );
  return beyond === undefined
    ? undefined
    : { what: `cannot hold ${beyond}`, remedy: `Choose \`min\` and \`max\` up to ${largest}` };
}

function withNoise({ units, decimals }: Decimal, digest: Uint32Array, rule: MaskRule, place: Place): Decimal {
  const { noise = 0.1, amount, min, max } = rule as { noise?: number; amount?: number; min?: number; max?: number };
  const isNegative = units < 0n;
  const size = isNegative ? -units : units;
  if (amount === undefined && size === 0n) return { units: clamped(0n, min, max, decimals), decimals };
  const most =
    (amount === undefined ? (size * BigInt(Math.round(noise * 1e6))) / 1_000_000n : unitsOf(amount, decimals)) || 1n;
  const draw = (((BigInt(digest[0]!) << 32n) | BigInt(digest[1]!)) % (2n * most + 1n)) - most;
  const largest = largestOf(place, decimals);
  let noisy: bigint;
  if (amount === undefined) {
    noisy = size + draw < 1n ? 1n : size + draw;
    if (largest !== undefined && noisy > largest) noisy = largest;
    // A value that stays what it was is not masked.
    if (noisy === size) noisy += noisy === largest ? -1n : 1n;
    if (isNegative) noisy = -noisy;
  } else {
    noisy = units + (draw === 0n ? most : draw);
    if (largest !== undefined && (noisy > largest || noisy < -largest)) noisy = units - (draw === 0n ? most : draw);
  }
  const bounded = clamped(noisy, min, max, decimals);
  if (bounded !== units) return { units: bounded, decimals };
  // It stood at a bound, and the noise went beyond: there is room on the other side.
  const inside = clamped(units + (noisy > units ? -1n : 1n), min, max, decimals);
  return { units: inside, decimals };
}

/** Within `min` and `max`, which lie towards zero from what the options say where they have more decimals. */
function clamped(units: bigint, min: number | undefined, max: number | undefined, decimals: number): bigint {
  if (min !== undefined) {
    let least = unitsOf(min, decimals);
    if (Number(printDecimal({ units: least, decimals })) < min) least += 1n;
    if (units < least) return least;
  }
  if (max !== undefined) {
    let most = unitsOf(max, decimals);
    if (Number(printDecimal({ units: most, decimals })) > max) most -= 1n;
    if (units > most) return most;
  }
  return units;
}
