import { mostWords, type Words } from './words.ts';

/**
 * Values in groups: people write a phone number, a card or an account in other groups than the column has it, so that
 * what is made of digits alone is compared by its digits, whatever stands between them; so are identifiers by their
 * letters and digits.
 */

/** Bytes: of what is longer, groups are not looked through. */
export const mostJoined = 40;

/** What a run of words is without what stands between them: the digits of numbers, or letters and digits. */
export interface Joined {
  bytes: Uint8Array;
  /** The same bytes. */
  fours: Int32Array;
  count: number;
  /** A quick one, the same in whatever groups they stand. */
  hash: number;
}

export function createJoined(): Joined {
  const bytes = new Uint8Array(mostJoined + 4);
  return { bytes, fours: new Int32Array(bytes.buffer), count: 0, hash: 0 };
}

/** Joins words first to last (not included), of `mostJoined` bytes at most. @returns how many fours there are, the last filled up with zeros */
export function join(joined: Joined, words: Words, first: number, last: number): number {
  const { text, starts, ends, powers } = words;
  joined.count = 0;
  joined.hash = 0;
  for (let word = first; word < last; word++) {
    joined.hash = hashOfBoth(joined.hash, powers, ends[word]! - starts[word]!, ownHash(words, word));
    for (let index = starts[word]!; index < ends[word]!; index++) joined.bytes[joined.count++] = text[index]!;
  }
  const fours = (joined.count + 3) >> 2;
  joined.bytes.fill(0, joined.count, fours << 2);
  return fours;
}

/** A word's own hash. */
function ownHash({ text, starts, ends, powers }: Words, word: number): number {
  const base = powers[1]!;
  let value = 0;
  for (let index = starts[word]!; index < ends[word]!; index++) value = (Math.imul(value, base) + text[index]!) | 0;
  return value;
}

/** The hash of a run that a word of so many bytes and this hash follows: that of both, written as one. */
function hashOfBoth(hash: number, powers: Int32Array, count: number, own: number): number {
  return (Math.imul(hash, powers[count]!) + own) | 0;
}

/** @param last the word behind it */
export type OnRun = (hash: number, bytes: number, first: number, last: number) => void;

/**
 * Gives every run of neighbouring numbers that ends in a word from `fresh` on and has `shortest` to `longest` digits, `mostJoined` at
 * most; of those only that begin before word `until`.
 *
 * @param isWanted then runs of words of any kind, of as many bytes as it says
 */
export function createRunReader(
  isWanted?: (bytes: number) => boolean,
): (words: Words, fresh: number, shortest: number, longest: number, onRun: OnRun, until?: number) => void {
  /** Of all numbers before a word, from where they begin: how many digits they have, and their hash. */
  const counts = new Int32Array(mostWords + 1);
  const hashes = new Int32Array(mostWords + 1);

  const runsIn = (
    from: number,
    to: number,
    words: Words,
    fresh: number,
    shortest: number,
    longest: number,
    onRun: OnRun,
    until: number,
  ) => {
    const { starts, ends, powers } = words;
    counts[from] = 0;
    hashes[from] = 0;
    for (let word = from; word < to; word++) {
      const own = ends[word]! - starts[word]!;
      counts[word + 1] = counts[word]! + own;
    }
    if (counts[to]! < shortest) return;
    let hashed = from;
    let least = Math.max(from, fresh) + 1;
    for (let first = from; first < to && first < until; first++) {
      while (least <= to && counts[least]! - counts[first]! < shortest) least++;
      for (let last = least; last <= to; last++) {
        const digits = counts[last]! - counts[first]!;
        if (digits > longest) break;
        if (isWanted && !isWanted(digits)) continue;
        for (; hashed < last; hashed++) {
          const own = ends[hashed]! - starts[hashed]!;
          // Runs with a longer one are none that is looked for.
          const value = own > longest ? 0 : ownHash(words, hashed);
          hashes[hashed + 1] = hashOfBoth(hashes[hashed]!, powers, Math.min(own, mostJoined), value);
        }
        onRun((hashes[last]! - Math.imul(hashes[first]!, powers[digits]!)) | 0, digits, first, last);
      }
    }
  };

  return (words, fresh, shortest, longest, onRun, until = words.count) => {
    const { count, numbers } = words;
    if (isWanted) return runsIn(0, count, words, fresh, shortest, longest, onRun, until);
    let from = fresh;
    // Numbers may have begun in what was read before.
    while (from > 0 && numbers[from - 1] === 1) from--;
    for (; from < count && from < until; from++) {
      if (numbers[from] === 0) continue;
      let to = from + 1;
      while (to < count && numbers[to] === 1) to++;
      runsIn(from, to, words, fresh, shortest, longest, onRun, until);
      from = to;
    }
  };
}

/** How many bytes the words have, without what stands between them. */
export function joinedBytes({ starts, ends, count }: Words): number {
  let bytes = 0;
  for (let word = 0; word < count; word++) bytes += ends[word]! - starts[word]!;
  return bytes;
}
