import type { Kind, MaskRule, Place } from '../kind.ts';
import { append, appendString } from '../rows/sink.ts';
import { type Decimal, largestOf, parseDecimal, printDecimal, rescaled, unitsOf } from '../values/decimal.ts';

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
      if (decimal) return appendString(out, printDecimal(withNoise(inUnitOf(place, decimal), digest, rule, place)));
      // 1e+30, NaN, Infinity; in a document, anything.
      if (Number.isFinite(Number(original)))
        return appendString(out, String(floatWithNoise(Number(original), digest, rule, place)));
      return /^(NaN|-?Infinity)$/.test(original) ? append(out, bytes, start, end) : appendString(out, '0');
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

/** What numeric(p, -s) holds are whole thousands, millions…: Postgres would round what is off by less back to what it was. */
function inUnitOf({ scale = 0 }: Place, decimal: Decimal): Decimal {
  return scale < 0 ? { units: rescaled(decimal, scale), decimals: scale } : decimal;
}

function withNoise({ units, decimals }: Decimal, digest: Uint32Array, rule: MaskRule, place: Place): Decimal {
  const { noise = 0.1, amount, min, max } = rule as Bounds & { noise?: number; amount?: number };
  const size = units < 0n ? -units : units;
  const most =
    (amount === undefined ? (size * BigInt(Math.round(noise * 1e6))) / 1_000_000n : unitsOf(amount, decimals)) || 1n;
  const draw = (((BigInt(digest[0]!) << 32n) | BigInt(digest[1]!)) % (2n * most + 1n)) - most;
  const within = (value: bigint) => clamped(value, { min, max }, largestOf(place, decimals), decimals);
  if (amount !== undefined) return { units: unlike(units, units + draw, within), decimals };
  if (size === 0n) return { units: within(0n), decimals };
  const noisy = size + draw < 1n ? 1n : size + draw;
  // Upwards, where it can: one unit less than one is zero.
  const other = noisy === size ? size + 1n : noisy;
  return { units: unlike(units, units < 0n ? -other : other, within), decimals };
}

/** As `withNoise`, of floats as the type rounds them (IEEE 754): within what is finite. */
function floatWithNoise(value: number, digest: Uint32Array, rule: MaskRule, place: Place): number {
  const { noise = 0.1, amount, min = -Infinity, max = Infinity } = rule as Bounds & { noise?: number; amount?: number };
  const isReal = place.type === 'float4';
  const round = isReal ? Math.fround : Number;
  const largest = Number(largestOf(place, 0) ?? Number.MAX_VALUE);
  const [least, step] = isReal ? [2 ** -149, 2 ** -23] : [Number.MIN_VALUE, Number.EPSILON];
  const original = round(value);
  const within = (one: number) => round(Math.min(max, largest, Math.max(min, -largest, one)));
  const [sign, size] = [Math.sign(original), Math.abs(original)];
  const draw = digest[0]! / 2 ** 31 - 1;
  const noisy = amount === undefined ? sign * Math.max(least, size * (1 + noise * draw)) : original + amount * draw;
  // Away from zero first.
  const next = sign * Math.max(least, size * step);
  return [noisy, original + next, original - next].map(within).find((one) => one !== original) ?? original;
}

interface Bounds {
  min?: number | undefined;
  max?: number | undefined;
}

/** A value that stays what it was is not masked: one that stands at a bound goes the other way. */
function unlike(units: bigint, noisy: bigint, within: (value: bigint) => bigint): bigint {
  const tries = [noisy, units + 1n, units - 1n].map(within);
  return tries.find((value) => value !== units) ?? units;
}

/** Within the type, and `min` and `max`, towards zero from what the options say where they have more decimals. */
function clamped(units: bigint, { min, max }: Bounds, largest: bigint | undefined, decimals: number): bigint {
  let value = units;
  if (largest !== undefined && value > largest) value = largest;
  if (largest !== undefined && value < -largest) value = -largest;
  if (min !== undefined) {
    let least = unitsOf(min, decimals);
    if (Number(printDecimal({ units: least, decimals })) < min) least += 1n;
    if (value < least) return least;
  }
  if (max !== undefined) {
    let most = unitsOf(max, decimals);
    if (Number(printDecimal({ units: most, decimals })) > max) most -= 1n;
    if (value > most) return most;
  }
  return value;
}
