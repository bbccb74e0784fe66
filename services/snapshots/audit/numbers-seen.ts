import { addDistinct, countDistinct, createDistinct, mergeDistinct } from './distinct.ts';
import { mostJoined } from './groups.ts';

/** Numbers that stand somewhere, or are originals: how many different ones, and how many of each number of digits. */
export interface NumbersSeen {
  distinct: Uint8Array;
  /** By number of digits, doubles too. */
  ofDigits: Float64Array;
}

export function createNumbersSeen(): NumbersSeen {
  return { distinct: createDistinct(), ofDigits: new Float64Array(mostJoined + 1) };
}

/** @param hash the quick one of a run of digits, whose bits are not mixed well enough to be counted by */
export function addRun(distinct: Uint8Array, hash: number): void {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  addDistinct(distinct, mixed, Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35));
}

export function mergeNumbersSeen(into: NumbersSeen, from: NumbersSeen): void {
  mergeDistinct(into.distinct, from.distinct);
  for (let digits = 0; digits <= mostJoined; digits++) into.ofDigits[digits]! += from.ofDigits[digits]!;
}

/**
 * How many of the originals stand among the others by chance: as if these were drawn at random, so that a number of d
 * digits is one of n originals with n · 10⁻ᵈ. What is there many times is drawn once.
 */
export function meetings(originals: NumbersSeen, others: NumbersSeen): number {
  const shareOf = ({ distinct, ofDigits }: NumbersSeen) => {
    const all = ofDigits.reduce((sum, count) => sum + count, 0);
    return all === 0 ? 0 : Math.min(1, countDistinct(distinct) / all);
  };
  const shares = shareOf(originals) * shareOf(others);
  return originals.ofDigits.reduce(
    (sum, count, digits) => sum + count * others.ofDigits[digits]! * shares * 10 ** -digits,
    0,
  );
}
