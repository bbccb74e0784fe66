import { encoded, fold, isUnspaced, none, ofFour, ofTwo, separator, separatorLength, smallOf } from './letters.ts';
import { longestText, type Words } from './words.ts';

/** What hashes a word eight bytes at a time reads so far beyond its end. */
const bytesBehind = 8;

/** How many bytes stand between words from there on, of one character; 0: it is one of a word. */
export function separatorAt(bytes: Uint8Array, index: number): number {
  const folded = fold[bytes[index]!]!;
  if (folded > ofFour) return 0;
  return folded === separator ? 1 : separatorLength(bytes, index);
}

/**
 * Reads on the word that was begun, a character at a time, and says where it stopped: where it ends, where another script begins,
 * or where there is no room for more.
 */
export function readCharacters(words: Words, bytes: Uint8Array, start: number, end: number): number {
  const { text, begun } = words;
  let { at, others } = words;
  let index = start;
  let unspaced = false;
  while (index < end && at < longestText) {
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
      if (at > begun) break;
      unspaced = isOther;
    }
    index += length;
    // Digits have neither bit.
    others |= added & 0xc0;
    do {
      text[at++] = added;
      added >>>= 8;
    } while (added !== 0);
  }
  text.fill(0, at, at + bytesBehind);
  words.at = at;
  words.others = others;
  return index;
}
