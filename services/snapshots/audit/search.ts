import { type Candidates, createCandidates } from './candidates.ts';
import { hexBytes, isHex } from './copy-fields.ts';
import { createFilter } from './filter.ts';
import { createJoined, createRunReader, join, type OnRun } from './groups.ts';
import { isWithinMoment } from './moments.ts';
import { addRun, createNumbersSeen, type NumbersSeen } from './numbers-seen.ts';
import { type AuditSetup, asJoined, asNumber, keysOf, mostGram, mostProse } from './setup.ts';
import { createSipHash } from './siphash.ts';
import { hasShape, lastWordsOf, longestLast, spansIn } from './spans.ts';
import {
  clearWords,
  createWords,
  foursTo,
  keepLastWords,
  nextStart,
  readWords,
  type Words,
  windowHash,
} from './words.ts';

/** Looks for originals in values of one thread. */
export interface Search {
  /**
   * Every run of words in a value (as it prints, without COPY's escapes) that may be an original becomes a candidate.
   *
   * @param isMoment a date, or one with a time: no number begins in its middle
   * @returns how many words it has; 0 where it is shorter than any original
   */
  value(bytes: Buffer, start: number, end: number, place: number, isMoment?: boolean): number;
  candidates: Candidates;
  /** The numbers seen since they were last taken, by place: those that are as long as an original of digits alone. */
  takeNumbers(): (NumbersSeen | undefined)[];
}

const candidateSlots = 1 << 18;
/** An account of 34 characters in groups of four. */
const mostGroups = 9;
/** Digits of a bytea that are read at once, and how many of the next are read with them. */
const hexStep = 1 << 20;
const hexOverlap = 2 << 10;

/** @param onFull takes candidates away when there are many */
export function createSearch(setup: AuditSetup, onFull: (taken: Uint32Array<ArrayBuffer>) => void): Search {
  const keys = keysOf(setup);
  const sipHash = createSipHash(keys.sip);
  const words = createWords(keys.words);
  const inner = createWords(keys.words);
  const filter = createFilter(setup.filter);
  const candidates = createCandidates(candidateSlots, onFull);
  const { shortest, longest, shapes, fewest: fewestOf } = spansIn(setup.spans);
  const fewest = fewestOf[0]!;
  const lastWords = lastWordsOf(shapes, mostGram);
  /** Bits: which lengths of a last word there are at all. */
  const someLast = lastWords.reduce((bits, lengths, ofLast) => bits | (lengths === 0 ? 0 : 1 << ofLast), 0);
  const numbers = shortest[asNumber]! > 0;
  const joined = shortest[asJoined]! > 0;
  /** How many words a run may have that goes on in what is read next. */
  const kept = Math.max(
    joined ? mostGroups : 0,
    numbers ? mostGram : longest.subarray(0, asNumber).findLastIndex((bytes) => bytes > 0),
  );
  const wholes = shortest[0]! > 0;

  const found = (from: Words, first: number, last: number, place: number) => {
    const { high, low } = sipHash(from.fours, from.starts[first]! >> 2, foursTo(from, last));
    candidates.add(high, low, place);
  };

  const lookAtWhole = (from: Words, first: number, last: number, place: number) => {
    const bytes = from.ends[last - 1]! - from.starts[first]!;
    if (bytes < shortest[0]! || bytes > longest[0]!) return;
    if (filter.mayHold(windowHash(from, first, last), 0)) found(from, first, last, place);
  };

  /** Runs that end in words from `fresh` on. */
  const lookAtRuns = (from: Words, fresh: number, place: number) => {
    const { count, starts, ends } = from;
    // Not fetched for each word, which costs as much as what is asked of it.
    let start = fresh === 0 ? 0 : starts[fresh]!;
    for (let last = fresh + 1; last <= count; last++) {
      const end = ends[last - 1]!;
      const ofLast = end - start;
      start = nextStart(end);
      if (((someLast >>> Math.min(ofLast, longestLast)) & 1) === 0) continue;
      let lengths = lastWords[Math.min(ofLast, longestLast)]!;
      for (; lengths !== 0; lengths &= lengths - 1) {
        const length = 31 - Math.clz32(lengths & -lengths);
        if (length > last) break;
        if (!hasShape(shapes, length, end - starts[last - length]!, ofLast)) continue;
        if (!filter.mayHold(windowHash(from, last - length, last), length)) continue;
        if (!isWithinMoment(from, last - length, last)) found(from, last - length, last, place);
      }
    }
  };

  const joinedRun = createJoined();
  const numberRuns = createRunReader();
  let placeOfRun = 0;
  let inWords = words;
  const hashOfRun = (first: number, last: number) => sipHash(joinedRun.fours, 0, join(joinedRun, inWords, first, last));
  let numbersSeen: (NumbersSeen | undefined)[] = [];
  // Made once, not for each field.
  const lookAtNumber: OnRun = (hash, count, first, last) => {
    numbersSeen[placeOfRun] ??= createNumbersSeen();
    const seen = numbersSeen[placeOfRun]!;
    seen.ofDigits[count]!++;
    addRun(seen.distinct, hash);
    if (!filter.mayHold(hash, asNumber)) return;
    const { high, low } = hashOfRun(first, last);
    candidates.add(high, low, placeOfRun);
  };
  const lookAtNumbers = (from: Words, fresh: number, place: number, until = from.count) => {
    if (!numbers || from.digits < shortest[asNumber]!) return;
    placeOfRun = place;
    inWords = from;
    numberRuns(from, fresh, shortest[asNumber]!, longest[asNumber]!, lookAtNumber, until);
  };

  const wordRuns = createRunReader((bytes) => hasShape(shapes, asJoined, bytes, 0));
  const lookAtJoined: OnRun = (hash, _count, first, last) => {
    if (!filter.mayHold(hash, asJoined)) return;
    const { high, low } = hashOfRun(first, last);
    candidates.add(high, low, placeOfRun);
  };
  const lookAtGroups = (from: Words, fresh: number, place: number) => {
    if (!joined || from.count === 0 || from.ends[from.count - 1]! < shortest[asJoined]!) return;
    placeOfRun = place;
    inWords = from;
    wordRuns(from, fresh, shortest[asJoined]!, longest[asJoined]!, lookAtJoined);
  };

  /**
   * The whole of what was read at once, and each string in it that ends in a word from `fresh` on.
   * @param begun where the string begins that is being read; -1: that is gone. @returns the same of the last one
   */
  const lookAtStrings = (from: Words, begun: number, fresh: number, isEnd: boolean, place: number): number => {
    const { count, breaks } = from;
    const isWhole = isEnd && fresh === 0;
    if (isWhole && count > mostProse) lookAtWhole(from, 0, count, place);
    if (isWhole && !from.hasBreak) return 0;
    let first = begun;
    for (let index = Math.max(first + 1, fresh); index <= count; index++) {
      if (index < count ? breaks[index] === 0 : !isEnd) continue;
      const isOther = !isWhole || index - first < count;
      if (first >= 0 && index - first > mostProse && isOther) lookAtWhole(from, first, index, place);
      first = index;
    }
    return first;
  };

  const lookInside = (bytes: Buffer, place: number) => {
    for (let at = 0; at < bytes.length; ) {
      clearWords(inner);
      at = readWords(inner, bytes, at, bytes.length);
      lookAtRuns(inner, 0, place);
      lookAtNumbers(inner, 0, place);
      lookAtGroups(inner, 0, place);
      if (wholes && inner.count > mostProse) lookAtStrings(inner, 0, 0, true, place);
    }
  };

  /** Bytes in a document or an array, which print as digits: `\\x6162`. @param at where reading stopped */
  const lookAtHex = (word: number, bytes: Buffer, at: number, end: number, place: number) => {
    const { text, starts, ends, count } = words;
    if (text[starts[word]!] !== 0x78) return;
    const length = ends[word]! - starts[word]!;
    if (length < 9) return;
    const digits = Buffer.from(text.subarray(starts[word]! + 1, ends[word]!)).toString('latin1');
    if (!isHexadecimal(digits)) return;
    if (word < count - 1 || !isHexDigit(bytes[at]) || at >= end) {
      if (length % 2 === 1) lookInside(Buffer.from(digits, 'hex'), place);
      return;
    }
    // It was cut where the longest word ends: the rest of its digits follow.
    const first = at - length + 1;
    let last = at;
    while (last < end && isHexDigit(bytes[last])) last++;
    for (let from = first; from < last; from += hexStep)
      lookInside(
        Buffer.from(bytes.toString('latin1', from, Math.min(last, from + hexStep + hexOverlap)), 'hex'),
        place,
      );
  };

  const value: Search['value'] = (bytes, start, end, place, isMoment = false) => {
    // A character is a byte at least, and one character in small letters, whose bytes may be more.
    if (end - start < fewest) return 0;
    if (isHex(bytes, start, end)) return rawValue(bytes, start, end, place);
    clearWords(words);
    let total = 0;
    let string = 0;
    for (let at = start; at < end; ) {
      const fresh = words.count;
      at = readWords(words, bytes, at, end);
      total += words.count - fresh;
      lookAtRuns(words, fresh, place);
      lookAtNumbers(words, fresh, place, isMoment ? 1 : words.count);
      lookAtGroups(words, fresh, place);
      const isAll = at === end && fresh === 0;
      if (wholes && !(isAll && words.count <= mostProse))
        string = lookAtStrings(words, string, fresh, at === end, place);
      if (words.hasX) for (let index = fresh; index < words.count; index++) lookAtHex(index, bytes, at, end, place);
      if (at === end) break;
      // A string that goes on stays, unless it is so long that there would be little room for the rest.
      const { count } = words;
      const stays = string >= 0 && count - string < count / 2 ? Math.max(kept, count - string) : kept;
      keepLastWords(words, stays);
      string = string < 0 ? -1 : Math.max(-1, string - (count - words.count));
    }
    return total;
  };

  /** Piece by piece: a hundred megabytes are not held three times. */
  const rawValue = (bytes: Buffer, start: number, end: number, place: number) => {
    let total = 0;
    for (let at = start; at < end - 2; at += hexStep) {
      const raw = hexBytes(bytes, at, Math.min(end, at + 2 + hexStep + hexOverlap));
      total += value(raw, 0, raw.length, place);
    }
    return total;
  };
  const takeNumbers = () => {
    const taken = numbersSeen;
    numbersSeen = [];
    return taken;
  };
  return { value, candidates, takeNumbers };
}

function isHexadecimal(digits: string): boolean {
  return /^[0-9a-f]*$/.test(digits);
}

function isHexDigit(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66));
}
