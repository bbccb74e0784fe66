import type { Words } from './words.ts';

/**
 * Numbers in groups: people write a phone number, a card or an account in other groups than the column has it, so that
 * what is made of digits alone is compared by its digits, whatever stands between them.
 */

export const mostDigits = 40;

export interface Digits {
  bytes: Uint8Array;
  /** The same bytes. */
  fours: Int32Array;
  count: number;
  hash: number;
}

export function createDigits(): Digits {
  const bytes = new Uint8Array(mostDigits + 4);
  return { bytes, fours: new Int32Array(bytes.buffer), count: 0, hash: 0 };
}

/** Zeros behind the digits, up to a multiple of four. @returns how many fours there are */
export function padDigits({ bytes, count }: Digits): number {
  for (let at = count; (at & 3) !== 0; at++) bytes[at] = 0;
  return (count + 3) >> 2;
}

/** Appends a word's digits. False when there are too many. */
export function appendDigits(digits: Digits, { text, starts, ends, seed }: Words, word: number): boolean {
  if (digits.count + ends[word]! - starts[word]! > mostDigits) return false;
  let hash = digits.count === 0 ? seed : digits.hash;
  for (let index = starts[word]!; index < ends[word]!; index++) {
    digits.bytes[digits.count++] = text[index]!;
    hash = Math.imul(hash ^ text[index]!, 0x01000193);
  }
  digits.hash = hash;
  return true;
}

/** Gives every run of neighbouring numbers that ends in a word from `fresh` on and has so many digits. */
export function digitRuns(
  words: Words,
  fresh: number,
  shortest: number,
  longest: number,
  onRun: (digits: Digits) => void,
  digits: Digits,
): void {
  const { count, starts, ends, numbers } = words;
  let first = fresh;
  // Numbers may have begun in what was read before.
  while (first > 0 && numbers[first - 1] === 1) first--;
  while (first < count) {
    if (numbers[first] === 0) {
      first++;
      continue;
    }
    let last = first + 1;
    while (last < count && numbers[last] === 1) last++;
    // What is left has too few digits from some word on; there are at most as many as bytes without one between two words.
    for (; first < last && ends[last - 1]! - starts[first]! - (last - 1 - first) >= shortest; first++) {
      digits.count = 0;
      for (let word = first; word < last; word++) {
        if (digits.count + ends[word]! - starts[word]! > longest || !appendDigits(digits, words, word)) break;
        if (word >= fresh && digits.count >= shortest) onRun(digits);
      }
    }
    first = last;
  }
}
