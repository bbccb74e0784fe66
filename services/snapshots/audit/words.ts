import { readCharacters, separatorAt } from './characters.ts';
import { type Viewed, viewOf } from './fours.ts';

/**
 * Text as the audit compares it: words, in small letters of any script, one after the other. What stands between them does not count, so
 * that `+49 (30) 1234-567` is found as `+49-30-1234-567`, and a value in an array, a document or a sentence as by itself.
 */
export interface Words extends Viewed {
  /**
   * How many words there are; word i is `text[starts[i], ends[i])`. Each begins at a multiple of four, and one zero at least is
   * between two of them, so that they can be hashed four bytes at a time.
   */
  count: number;
  text: Uint8Array;
  /** The same bytes. */
  fours: Int32Array;
  starts: Int32Array;
  ends: Int32Array;
  /** `sums[j]` over the first j words; `windowHash` takes the hash of words i to j from it. */
  sums: Int32Array;
  /** 1 where a quotation mark stands before the word: a new string in a document, an array, an hstore. */
  breaks: Uint8Array;
  /** 1 where a word is of digits alone. */
  numbers: Uint8Array;
  /** A quotation mark stands between two of them, or before the first. */
  hasBreak: boolean;
  /** An @ was among what stands between. */
  hasAt: boolean;
  /** And so was an escape of documents, which may be text as well. */
  hasEscape: boolean;
  /** A word begins with an x, as bytes do that print as digits. */
  hasX: boolean;
  /** How many digits the words have that are of digits alone. */
  digits: number;
  /** Of the word that is being read: where it begins and ends, and bits of what else than digits it has. */
  begun: number;
  at: number;
  others: number;
  powers: Int32Array;
  seed: number;
}

export const mostWords = 8192;
/** Of 64 kB of input, where eight letters take twelve bytes. */
const mostText = 96 << 10;
/** Where the last word may end beyond that. */
const longestWord = 4 << 10;
export const longestText = mostText + longestWord;
/** Where the next word begins, behind one that ends there. */
export const nextStart = (end: number) => (end + 4) & ~3;

/** @param key eight secret bytes, so that nobody can write text that is slow to search */
export function createWords(key: Uint8Array): Words {
  const view = new DataView(key.buffer, key.byteOffset, 8);
  const base = view.getInt32(4, true) | 1;
  const powers = new Int32Array(mostWords + 1);
  powers[0] = 1;
  for (let index = 1; index <= mostWords; index++) powers[index] = Math.imul(powers[index - 1]!, base);
  const text = new Uint8Array(longestText + 16);
  return {
    count: 0,
    text,
    fours: new Int32Array(text.buffer),
    starts: new Int32Array(mostWords),
    ends: new Int32Array(mostWords),
    sums: new Int32Array(mostWords + 1),
    breaks: new Uint8Array(mostWords),
    numbers: new Uint8Array(mostWords),
    hasBreak: false,
    hasAt: false,
    hasEscape: false,
    hasX: false,
    digits: 0,
    ...{ begun: 0, at: 0, others: 0 },
    powers,
    seed: view.getInt32(0, true),
    bytes: key,
    view,
  };
}

export function clearWords(words: Words): void {
  words.count = 0;
  words.hasBreak = false;
  words.hasAt = false;
  words.hasEscape = false;
  words.hasX = false;
  words.digits = 0;
}

/** Leaves only the last `count` words, before more of the same text is read. */
export function keepLastWords(words: Words, count: number): void {
  const { text, starts, ends, breaks, numbers, sums } = words;
  let first = Math.max(0, words.count - count);
  // Words so long that there would be no room for more go, too.
  while (first < words.count && ends[words.count - 1]! - starts[first]! > mostText / 2) first++;
  const offset = first < words.count ? starts[first]! : 0;
  if (first < words.count) text.copyWithin(0, offset, nextStart(ends[words.count - 1]!));
  for (let index = first; index < words.count; index++) {
    starts[index - first] = starts[index]! - offset;
    ends[index - first] = ends[index]! - offset;
    breaks[index - first] = breaks[index]!;
    numbers[index - first] = numbers[index]!;
    sums[index - first] = sums[index]!;
  }
  sums[words.count - first] = sums[words.count]!;
  words.count -= first;
}

// What is imported would be fetched each time; numbers of this file are part of the code.
const highBits = 0x80808080 | 0;
const quotationMark = 0x22;
const atSign = 0x40;
const backslash = 0x5c;
const letterX = 0x78;

/**
 * Reads words of `bytes[start, end)` (UTF-8) until there is no room for more, and says where it stopped. A word that is too
 * long is cut there.
 *
 * ASCII is read eight bytes at a time, as two numbers of four: none of its bytes has its high bit, so that a sum of two that
 * reaches it says what a byte is. What is beyond it, and the last bytes of a buffer, are read a character at a time.
 *
 * @param escapes whether those of documents (`\n`, `\"`) are between words; else a backslash alone is
 */
export function readWords(words: Words, bytes: Uint8Array, start: number, end: number, escapes = true): number {
  const { fours, starts, ends, sums, breaks, numbers } = words;
  const view = viewOf(words, bytes);
  const lastEight = view.byteLength - 8;
  // `| 0` says that they are whole: what may be a fraction is slow.
  const seed = words.seed | 0;
  const base = words.powers[1]! | 0;
  let digits = words.digits | 0;
  let count = words.count | 0;
  if (count === 0) sums[0] = 0;
  let sum = sums[count]! | 0;
  let at = count === 0 ? 0 : nextStart(ends[count - 1]!);
  let index = start | 0;
  let broken = 0;
  /** Where the word begins that is being read; -1: none is. */
  let begun = -1;
  let hash = seed;
  let others = 0;
  while (index < end || begun >= 0) {
    let isRead = false;
    /** What stands behind the word. */
    let behind = 0;
    if (index <= lastEight && at < longestText) {
      const first = view.getInt32(index, true);
      const second = view.getInt32(index + 4, true);
      if (((first | second) & highBits) === 0) {
        const firstSmall = first | 0x20202020;
        const secondSmall = second | 0x20202020;
        // Sums reach the high bit from `a` on, or beyond `z`; from `0` on, or beyond `9`.
        const firstLetters = (firstSmall + 0x1f1f1f1f) & ~(firstSmall + 0x05050505) & highBits;
        const secondLetters = (secondSmall + 0x1f1f1f1f) & ~(secondSmall + 0x05050505) & highBits;
        let firstApart = ~(firstLetters | ((first + 0x50505050) & ~(first + 0x46464646))) & highBits;
        let secondApart = ~(secondLetters | ((second + 0x50505050) & ~(second + 0x46464646))) & highBits;
        if (index + 8 > end) {
          const rest = end - index;
          if (rest < 4) firstApart |= 0x80 << (rest << 3);
          else secondApart |= 0x80 << ((rest - 4) << 3);
        }
        // Without branches, which would be guessed wrong every other time: all bits where the first four are of one word, all
        // bits of those before the first that stands apart, and how many these are.
        const isOne = ~((firstApart | -firstApart) >> 31);
        const ofFirst = ((firstApart & -firstApart) >>> 7) - 1;
        const ofSecond = (((secondApart & -secondApart) >>> 7) - 1) & isOne;
        const added =
          ((32 - Math.clz32(~firstApart & (firstApart - 1))) >> 3) +
          (((32 - Math.clz32(~secondApart & (secondApart - 1))) >> 3) & isOne);
        isRead = true;
        if (added > 0) {
          if (begun < 0) {
            begun = at;
            hash = seed;
            others = 0;
          }
          const firstFour = (first | (firstLetters >>> 2)) & ofFirst;
          const secondFour = (second | (secondLetters >>> 2)) & ofSecond;
          others |= (firstLetters & ofFirst) | (secondLetters & ofSecond);
          fours[at >> 2] = firstFour;
          fours[(at >> 2) + 1] = secondFour;
          hash = mixed(hash, firstFour, secondFour);
          at = (at + added) | 0;
          index = (index + added) | 0;
          if (added === 8) continue;
          behind = ((added < 4 ? first : second) >>> ((added & 3) << 3)) & 0xff;
        } else if (begun >= 0) {
          // The word ended with the eight before.
          fours[at >> 2] = 0;
          fours[(at >> 2) + 1] = 0;
          hash = mixed(hash, 0, 0);
          behind = first & 0xff;
        }
      }
    }
    if (!isRead) {
      if (begun < 0) {
        const length = separatorAt(bytes, index);
        if (length > 0) {
          if (bytes[index] === quotationMark) broken = 1;
          index = (index + (length > 1 ? length : passed(words, bytes, index, end, escapes))) | 0;
          continue;
        }
        begun = at;
        others = 0;
      }
      words.begun = begun;
      words.at = at;
      words.others = others;
      index = readCharacters(words, bytes, index, end) | 0;
      at = words.at | 0;
      others = words.others | 0;
      hash = hashOfWord(fours, seed, begun >> 2, at >> 2) | 0;
    }
    if (begun >= 0) {
      starts[count] = begun;
      ends[count] = at;
      breaks[count] = broken;
      if ((fours[begun >> 2]! & 0xff) === letterX) words.hasX = true;
      numbers[count] = others === 0 ? 1 : 0;
      if (others === 0) digits = (digits + at - begun) | 0;
      sum = (Math.imul(sum, base) + hash) | 0;
      count = (count + 1) | 0;
      sums[count] = sum;
      at = nextStart(at);
      broken = 0;
      begun = -1;
      if (at >= mostText || count === mostWords) break;
      // Most words have one character behind them, which says nothing.
      if (isRead && index < end && behind !== quotationMark && behind !== atSign && behind !== backslash)
        index = (index + 1) | 0;
    } else if (isRead) {
      if (bytes[index] === quotationMark) broken = 1;
      index = (index + passed(words, bytes, index, end, escapes)) | 0;
    }
  }
  words.count = count;
  words.digits = digits;
  return index;
}

/** Marks what a separator of one byte says. @returns how many bytes are passed over */
function passed(words: Words, bytes: Uint8Array, index: number, end: number, escapes: boolean): number {
  const byte = bytes[index]!;
  if (byte === quotationMark) words.hasBreak = true;
  else if (byte === atSign) words.hasAt = true;
  if (byte !== backslash || !escapes || !isEscape(bytes, index + 1, end)) return 1;
  words.hasEscape = true;
  return 2;
}

/** Whether what stands behind a backslash belongs to it. */
function isEscape(bytes: Uint8Array, index: number, end: number): boolean {
  return index < end && '"\\bfnrt/'.includes(String.fromCharCode(bytes[index]!));
}

function mixed(hash: number, first: number, second: number): number {
  const once = Math.imul(hash ^ first, 0x9e3779b1);
  const twice = Math.imul(once ^ (once >>> 15) ^ second, 0x85ebca6b);
  return twice ^ (twice >>> 15);
}

/** Of a word that was not read eight bytes at a time. Where it ends, at least one zero is hashed. */
function hashOfWord(fours: Int32Array, seed: number, from: number, to: number): number {
  let hash = seed;
  for (let at = from; at <= to; at += 2) hash = mixed(hash, fours[at]!, fours[at + 1]!);
  return hash;
}

/** Where the text of the first `count` words ends, in numbers of four bytes. */
export function foursTo({ ends }: Words, count: number): number {
  return (ends[count - 1]! + 3) >> 2;
}

/** A quick hash of words first to last (not included), the same wherever they stand. */
export function windowHash(words: Words, first: number, last: number): number {
  const { sums, powers } = words;
  return (sums[last]! - Math.imul(sums[first]!, powers[last - first]!)) | 0;
}
