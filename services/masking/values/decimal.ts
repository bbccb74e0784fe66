/** Decimal numbers as Postgres prints them, exact: a float has too few digits for int8 and numeric. */

export interface Decimal {
  /** The number without its point: -12.50 is -1250 with 2 decimals, 12000 is 12 with -3. */
  units: bigint;
  decimals: number;
}

const plain = /^(-?)(\d+)(?:\.(\d+))?$/;

/** `1e+30`, `NaN` and `Infinity` give undefined. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = plain.exec(text);
  if (!match) return undefined;
  const [, sign, whole, fraction = ''] = match;
  const units = BigInt(whole! + fraction);
  return { units: sign ? -units : units, decimals: fraction.length };
}

export function printDecimal({ units, decimals }: Decimal): string {
  if (decimals < 0) return String(units * 10n ** BigInt(-decimals));
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  return `${units < 0n ? '-' : ''}${digits.slice(0, point)}${decimals === 0 ? '' : `.${digits.slice(point)}`}`;
}

/** A number of an option in units of so many decimals, towards zero. */
export function unitsOf(value: number, decimals: number): bigint {
  const parsed = parseDecimal(String(value));
  return parsed ? rescaled(parsed, decimals) : BigInt(Math.trunc(value * 10 ** Math.min(decimals, 15)));
}

/** Its units with so many decimals, towards zero. */
export function rescaled({ units, decimals }: Decimal, to: number): bigint {
  const more = to - decimals;
  return more >= 0 ? units * 10n ** BigInt(more) : units / 10n ** BigInt(-more);
}

const ofType: Record<string, bigint> = { int2: 32767n, int4: 2147483647n, int8: 9223372036854775807n };

/** The largest finite ones (IEEE 754). */
const ofFloat: Record<string, bigint> = { float4: (2n ** 24n - 1n) * 2n ** 104n, float8: BigInt(Number.MAX_VALUE) };

/** The largest number that a column holds, in units of so many decimals; undefined where there is no telling. */
export function largestOf(place: { type: string; precision?: number; scale?: number }, decimals: number) {
  if (place.type === 'money') return ofType.int8! / 10n ** BigInt(Math.max(0, 2 - decimals));
  if (ofType[place.type] !== undefined) return ofType[place.type];
  if (ofFloat[place.type] !== undefined) return ofFloat[place.type]! * 10n ** BigInt(decimals);
  if (place.precision === undefined) return undefined;
  return 10n ** BigInt(Math.max(0, place.precision - (place.scale ?? 0) + decimals)) - 1n;
}
