import { digitsIn, firstByteOf, firstBytes, highBits, lettersIn, type Viewed, viewOf } from './fours.ts';
import { encoded, fold, isUnspaced, none, ofFour, ofTwo, separator, separatorLength, smallOf } from './letters.ts';

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
  /** An @ was among what stands between. */
  hasAt: boolean;
  /** And so was an escape of documents, which may be text as well. */
  hasEscape: boolean;
  /** A word begins with an x, as bytes do that print as digits. */
  hasX: boolean;
  /** How many digits the words have that are of digits alone. */
  digits: number;
  powers: Int32Array;
  seed: number;
}

export const mostWords = 8192;
/** Of 64 kB of input, where eight letters take twelve bytes. */
const mostText = 96 << 10;
/** Where the last word may end beyond that. */
const longestWord = 4 << 10;
const longestText = mostText + longestWord;
/** Where the next word begins, behind one that ends there. */
const nextStart = (end: number) => (end + 4) & ~3;

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
    hasAt: false,
    hasEscape: false,
    hasX: false,
    digits: 0,
    powers,
    seed: view.getInt32(0, true),
    bytes: key,
    view,
  };
}

export function clearWords(words: Words): void {
  words.count = 0;
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

/**
 * Reads words of `bytes[start, end)` (UTF-8) until there is no room for more, and says where it stopped. A word that is too
 * long is cut there.
 *
 * @param escapes whether those of documents (`\n`, `\"`) are between words; else a backslash alone is
 */
export function readWords(words: Words, bytes: Uint8Array, start: number, end: number, escapes = true): number {
  const { fours, starts, ends, sums, breaks, numbers, seed } = words;
  const base = words.powers[1]!;
  let { count } = words;
  let at = count === 0 ? 0 : nextStart(ends[count - 1]!);
  const view = viewOf(words, bytes);
  let { digits } = words;
  let broken = 0;
  let index = start;
  if (count === 0) sums[0] = 0;
  for (;;) {
    const between = index;
    while (index < end) {
      const byte = bytes[index]!;
      const folded = fold[byte]!;
      if (folded > ofFour) break;
      const length = folded === separator ? 1 : separatorLength(bytes, index);
      if (length === 0) break;
      index += length;
      if (byte === 0x22) broken = 1;
      else if (byte === 0x40) words.hasAt = true;
      else if (byte === 0x5c && escapes && isEscape(bytes, index, end)) {
        words.hasEscape = true;
        index++;
      }
    }
    if (index >= end) break;
    if (at >= mostText || count === mostWords) {
      // What stands before the next word is read again with it.
      index = between;
      break;
    }

    starts[count] = at;
    let hash = seed;
    let four = 0;
    /** Of its bytes that are no digits. */
    let others = 0;
    let ended = false;
    // ASCII, four bytes at a time.
    while (index + 4 <= bytes.length && at < longestText) {
      const read = view.getInt32(index, true);
      if ((read & highBits) !== 0) break;
      const letters = lettersIn(read);
      const apart = ~(letters | digitsIn(read)) & highBits;
      const length = Math.min(apart === 0 ? 4 : firstByteOf(apart), end - index);
      four = (read | (letters >>> 2)) & firstBytes[length]!;
      others |= letters & firstBytes[length]!;
      at += length;
      index += length;
      if (length < 4) {
        ended = true;
        break;
      }
      fours[(at >> 2) - 1] = four;
      hash = mixed(hash, four);
      four = 0;
    }
    let unspaced = false;
    while (!ended && index < end && at < longestText) {
      /** Bytes to add, the first of them lowest. */
      let added = fold[bytes[index]!]!;
      let length = 1;
      let isOther = false;
      if (added <= ofFour) {
        if (added === separator || separatorLength(bytes, index) > 0) break;
        const whole = added === ofTwo ? 2 : 3;
        const point = added < ofFour && index + whole <= end ? smallOf(bytes, index, whole) : none;
        added = point === none ? bytes[index]! : encoded(point);
        if (point !== none) length = whole;
        isOther = isUnspaced(point);
      } else if (added >= 0x80) isOther = unspaced;
      if (isOther !== unspaced) {
        if (at > starts[count]!) break;
        unspaced = isOther;
      }
      index += length;
      // Digits have neither bit.
      others |= added & 0xc0;
      do {
        // Those that come after it are in their places, too.
        four |= added << (at << 3);
        at++;
        if ((at & 3) === 0) {
          fours[(at >> 2) - 1] = four;
          hash = mixed(hash, four);
          four = 0;
        }
        added >>>= 8;
      } while (added !== 0);
    }
    ends[count] = at;
    fours[at >> 2] = four;
    hash = mixed(hash, four);
    at = nextStart(at);
    breaks[count] = broken;
    if ((fours[starts[count]! >> 2]! & 0xff) === 0x78) words.hasX = true;
    const isNumber = others === 0 ? 1 : 0;
    numbers[count] = isNumber;
    digits += isNumber * (ends[count]! - starts[count]!);
    broken = 0;
    sums[count + 1] = (Math.imul(sums[count]!, base) + hash) | 0;
    count++;
  }
  words.count = count;
  words.digits = digits;
  return index;
}

function mixed(hash: number, four: number): number {
  const product = Math.imul(hash ^ four, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/** Whether what stands behind a backslash belongs to it. */
function isEscape(bytes: Uint8Array, index: number, end: number): boolean {
  return index < end && '"\\bfnrt/'.includes(String.fromCharCode(bytes[index]!));
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
