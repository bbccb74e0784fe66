import type { Kind, Place } from '../kind.ts';
import { append, appendString } from '../sink.ts';

const largest: Record<string, bigint> = { int2: 32767n, int4: 2147483647n, int8: 9223372036854775807n };

/**
 * Adds up to ± `noise` (0.1, a tenth) of the value, one unit of its last digit at least. Sign, decimals and zero stay,
 * and nothing becomes zero.
 */
export const number: Kind = {
  summary: 'Off by up to `noise` (0.1) of the value; sign, decimals and zero stay',
  holds: ['integer', 'decimal'],
  options: { noise: { type: 'number', exclusiveMinimum: 0, maximum: 1 } },
  unique: 'never',
  create: ({ hmac }, rule, place) => {
    const digestOf = hmac('number');
    const noise = Number(rule.noise ?? 0.1);
    return (bytes, start, end, out) => {
      const original = bytes.toString('latin1', start, end);
      const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(original);
      // The same number in columns of different scale is the same original.
      const canonical = Buffer.from(original.includes('.') ? original.replace(/\.?0+$/, '') : original, 'latin1');
      const digest = digestOf(canonical, 0, canonical.length);
      if (match) return appendString(out, withNoise(match, digest, noise, place));
      // 1e+30, NaN, Infinity; in a document, anything.
      const value = Number(original);
      if (!Number.isFinite(value))
        return /^(NaN|-?Infinity)$/.test(original) ? append(out, bytes, start, end) : appendString(out, '0');
      appendString(out, String(value * (1 + noise * (digest[0]! / 2 ** 31 - 1))));
    };
  },
};

function withNoise(match: RegExpExecArray, digest: Uint32Array, noise: number, place: Place): string {
  const [, sign, whole, fraction = ''] = match;
  const scaled = BigInt(whole! + fraction);
  if (scaled === 0n) return match[0];
  const most = (scaled * BigInt(Math.round(noise * 1e6))) / 1_000_000n || 1n;
  const word = (BigInt(digest[0]!) << 32n) | BigInt(digest[1]!);
  let noisy = scaled - most + (word % (2n * most + 1n));
  const limit = limitOf(place, fraction.length);
  if (noisy < 1n) noisy = 1n;
  if (limit !== undefined && noisy > limit) noisy = limit;
  // A value that stays what it was is not masked.
  if (noisy === scaled) noisy += noisy === limit ? -1n : 1n;
  const digits = noisy.toString().padStart(fraction.length + 1, '0');
  const point = digits.length - fraction.length;
  return `${sign}${digits.slice(0, point)}${fraction === '' ? '' : `.${digits.slice(point)}`}`;
}

function limitOf(place: Place, decimals: number): bigint | undefined {
  const ofType = largest[place.type];
  if (ofType !== undefined) return ofType;
  if (place.precision === undefined) return undefined;
  return 10n ** BigInt(place.precision - (place.scale ?? 0) + decimals) - 1n;
}
