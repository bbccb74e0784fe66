/**
 * Text as the audit compares it: words, in lower case, one after the other. What stands between them does not count, so
 * that `+49 (30) 1234-567` is found as `+49-30-1234-567`, and a value in an array, a document or a sentence as by itself.
 */
export interface Words {
  /** How many words there are; word i is `text[starts[i], ends[i])`, and one space is between two of them. */
  count: number;
  text: Uint8Array;
  starts: Int32Array;
  ends: Int32Array;
  /** `sums[j]` over the first j words; `windowHash` takes the hash of words i to j from it. */
  sums: Int32Array;
  /** 1 where a quotation mark stands before the word: a new string in a document, an array, an hstore. */
  breaks: Uint8Array;
  /** An @ was among what stands between. */
  hasAt: boolean;
  powers: Int32Array;
  seed: number;
}

const mostWords = 8192;
const mostText = 64 << 10;
/** Where the last word may end beyond that. */
const longestWord = 4 << 10;

const separator = 0;
/** The first byte of characters some of which are spaces, dashes and quotation marks. */
const leading = 1;
/** A second byte of À to Þ, whose small letters are 32 further on. */
const latin = 2;

const fold = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  if ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a)) return byte;
  if (byte === 0xc2 || byte === 0xe2 || byte === 0xe3) return leading;
  if (byte >= 0x80 && byte <= 0x9e) return latin;
  return byte > 0x9e ? byte : separator;
});

/** @param key eight secret bytes, so that nobody can write text that is slow to search */
export function createWords(key: Uint8Array): Words {
  const view = new DataView(key.buffer, key.byteOffset, 8);
  const base = view.getInt32(4, true) | 1;
  const powers = new Int32Array(mostWords + 1);
  powers[0] = 1;
  for (let index = 1; index <= mostWords; index++) powers[index] = Math.imul(powers[index - 1]!, base);
  return {
    count: 0,
    text: new Uint8Array(mostText + longestWord + mostWords + 1),
    starts: new Int32Array(mostWords),
    ends: new Int32Array(mostWords),
    sums: new Int32Array(mostWords + 1),
    breaks: new Uint8Array(mostWords),
    hasAt: false,
    powers,
    seed: view.getInt32(0, true),
  };
}

export function clearWords(words: Words): void {
  words.count = 0;
  words.hasAt = false;
}

/** Leaves only the last `count` words, before more of the same text is read. */
export function keepLastWords(words: Words, count: number): void {
  const { text, starts, ends, breaks, sums } = words;
  const first = Math.max(0, words.count - count);
  const offset = first < words.count ? starts[first]! : 0;
  if (first < words.count) text.copyWithin(0, offset, ends[words.count - 1]! + 1);
  for (let index = first; index < words.count; index++) {
    starts[index - first] = starts[index]! - offset;
    ends[index - first] = ends[index]! - offset;
    breaks[index - first] = breaks[index]!;
    sums[index - first] = sums[index]!;
  }
  sums[words.count - first] = sums[words.count]!;
  words.count -= first;
}

/**
 * Reads words of `bytes[start, end)` (UTF-8) until there is no room for more, and says where it stopped. Escapes of
 * documents (`\n`, `\"`) are between words.
 */
export function readWords(words: Words, bytes: Uint8Array, start: number, end: number): number {
  const { text, starts, ends, sums, breaks, seed } = words;
  const base = words.powers[1]!;
  let { count } = words;
  let at = count === 0 ? 0 : ends[count - 1]! + 1;
  let hash = seed;
  let inWord = false;
  let broken = 0;
  let stop = end;
  let index = start;
  if (count === 0) sums[0] = 0;
  for (; ; index++) {
    const byte = index < stop ? bytes[index]! : 0;
    let folded = fold[byte]!;
    if (folded <= latin) {
      let skip = 1;
      if (folded === leading) skip = separatorLength(bytes, index);
      else if (folded === latin) skip = 0;
      if (skip > 0) {
        if (inWord) {
          ends[count] = at;
          breaks[count] = broken;
          broken = 0;
          sums[count + 1] = (Math.imul(sums[count]!, base) + (hash ^ (hash >>> 15))) | 0;
          count++;
          text[at++] = 0x20;
          inWord = false;
        }
        if (index >= stop) break;
        if (byte === 0x22) broken = 1;
        else if (byte === 0x40) words.hasAt = true;
        else if (byte === 0x5c) skip += escapeLength(bytes, index, stop);
        index += skip - 1;
        continue;
      }
      folded = folded === latin && byte !== 0x97 && at > 0 && text[at - 1] === 0xc3 ? byte + 0x20 : byte;
    }
    if (!inWord) {
      if (at >= mostText || count === mostWords) break;
      inWord = true;
      starts[count] = at;
      hash = seed;
    } else if (at >= mostText + longestWord) {
      // Cut here; the rest of it is read next time.
      stop = index;
      index--;
      continue;
    }
    text[at++] = folded;
    hash = Math.imul(hash ^ folded, 0x01000193);
  }
  words.count = count;
  return Math.min(index, end);
}

/** No-break space and its like (C2 A0–BF), general punctuation (E2 80–81), ideographic punctuation (E3 80). */
function separatorLength(bytes: Uint8Array, index: number): number {
  const lead = bytes[index]!;
  const next = bytes[index + 1] ?? 0;
  if (lead === 0xc2) return next >= 0xa0 && next <= 0xbf ? 2 : 0;
  if (lead === 0xe2) return next === 0x80 || next === 0x81 ? 3 : 0;
  return next === 0x80 ? 3 : 0;
}

/** How much of what follows a backslash belongs to it. */
function escapeLength(bytes: Uint8Array, index: number, end: number): number {
  if (index + 1 >= end) return 0;
  return '"\\bfnrt/'.includes(String.fromCharCode(bytes[index + 1]!)) ? 1 : 0;
}

/** A quick hash of words first to last (not included), the same wherever they stand. */
export function windowHash(words: Words, first: number, last: number): number {
  const { sums, powers } = words;
  return (sums[last]! - Math.imul(sums[first]!, powers[last - first]!)) | 0;
}
