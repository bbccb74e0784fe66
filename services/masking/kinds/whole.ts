import { createPermutation } from '../keyed/permutation.ts';
import type { Mask, MaskRule, Misfit, Place } from '../kind.ts';
import { append, appendString } from '../rows/sink.ts';
import { largestOf } from '../values/decimal.ts';
import { Unmaskable } from '../values/unmaskable.ts';

/** The most digits of a number: more than a bigint's 19, and as many as the numeric keys of other databases have. */
const mostDigits = 38;

/** Whole numbers, without their sign, that are permuted among themselves. */
interface Kin {
  from: bigint;
  to: bigint;
  radices: number[];
}

/**
 * Each number becomes another of the same sign and as many digits that the same of smallint, integer and bigint hold, so
 * that it is the same in columns of each: a key that is an integer here finds the row whose key is a bigint. Zero stays,
 * as it does with the kind `number`: a number above zero is above it afterwards.
 */
export function maskWhole(key: Uint8Array): Mask {
  const permutation = createPermutation(key);
  const [positive, negative] = [kinOf(0n), kinOf(1n)];
  return (bytes, start, end, out) => {
    const original = bytes.toString('latin1', start, end);
    if (original === '0' || original === 'NaN') return append(out, bytes, start, end);
    const [, sign, size] = /^(-?)([1-9]\d*)$/.exec(original) ?? [];
    if (size === undefined || size.length > mostDigits) throw new Unmaskable(notWhole);
    const value = BigInt(size);
    const kin = (sign === '' ? positive : negative).find(({ to }) => value <= to)!;
    let masked = value - kin.from;
    // Where the radices make more numbers than there are, the others are walked over.
    do masked = permuted(masked, kin);
    while (masked > kin.to - kin.from);
    appendString(out, `${sign}${kin.from + masked}`);
  };

  function permuted(value: bigint, { radices }: Kin): bigint {
    let rest = value;
    for (let index = radices.length - 1; index >= 0; index--) {
      const radix = BigInt(radices[index]!);
      permutation.digits[index] = Number(rest % radix);
      permutation.radices[index] = radices[index]!;
      rest /= radix;
    }
    permutation.run(radices.length);
    return radices.reduce((sum, radix, index) => sum * BigInt(radix) + BigInt(permutation.digits[index]!), 0n);
  }
}

const notWhole = `a number is not written as a whole one of ${mostDigits} digits at most`;

/** @param more how many more numbers a type holds on this side of zero: one below it */
function kinOf(more: bigint): Kin[] {
  const ofDigits = Array.from({ length: mostDigits }, (_, index) => 10n ** BigInt(index + 1) - 1n);
  const ofTypes = ['int2', 'int4', 'int8'].map((type) => largestOf({ type }, 0)! + more);
  const ends = [...ofDigits, ...ofTypes].sort((a, b) => (a < b ? -1 : 1));
  return ends.map((to, index) => {
    const from = (ends[index - 1] ?? 0n) + 1n;
    return { from, to, radices: radicesFor(to - from + 1n) };
  });
}

/**
 * An even number of radices, of a byte each, that make hardly more numbers than there are: all but the first are alike.
 * Two make fewer too many than the last counts to, so that walking never leads back to where it began.
 */
function radicesFor(size: bigint): number[] {
  const count = 2 * Math.ceil(size.toString(2).length / 16);
  const radix = Math.ceil(Number(size) ** (1 / count));
  const others = BigInt(radix) ** BigInt(count - 1);
  return [Number((size + others - 1n) / others), ...Array.from({ length: count - 1 }, () => radix)];
}

export function misfitOfWhole(_rule: MaskRule, { family, type, precision = mostDigits + 1, scale, isRange }: Place) {
  if (family === 'text') return undefined;
  if (isRange)
    return {
      what: 'is a range, whose bounds would not stay in order',
      remedy: 'Use number, shuffle, constant or null',
    };
  if (family === 'integer' || (type === 'numeric' && scale === 0 && precision <= mostDigits)) return undefined;
  return {
    what: `may hold other numbers than whole ones of ${mostDigits} digits at most, which the mask token is for`,
    remedy: 'Use number, shuffle, constant or null',
  } satisfies Misfit;
}
