import { type Candidates, createCandidates } from './candidates.ts';
import { hexBytes, isHex } from './copy-fields.ts';
import { createFilter } from './filter.ts';
import { createDigits, type Digits, digitRuns } from './numbers.ts';
import { addRun, createNumbersSeen, type NumbersSeen } from './numbers-seen.ts';
import { type AuditSetup, asNumber, keysOf, mostGram } from './setup.ts';
import { createSipHash } from './siphash.ts';
import { spansIn } from './spans.ts';
import { clearWords, createWords, keepLastWords, readWords, type Words, windowHash } from './words.ts';

/** Looks for originals in values of one thread. */
export interface Search {
  /**
   * Every run of words in a value (as it prints, without COPY's escapes) that may be an original becomes a candidate.
   * @returns how many words it has
   */
  value(bytes: Buffer, start: number, end: number, place: number): number;
  candidates: Candidates;
  /** The numbers seen since they were last taken, by place: those that are as long as an original of digits alone. */
  takeNumbers(): (NumbersSeen | undefined)[];
}

/** `x` and the digits of some bytes, as a bytea prints in an array or a document. */
const hexWord = /^x(?:[0-9a-f]{2}){4,}$/;
const candidateSlots = 1 << 18;
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
  const { shortest, longest } = spansIn(setup.spans);
  const grams = Array.from({ length: mostGram }, (_, index) => index + 1).filter((length) => shortest[length]! > 0);
  const numbers = shortest[asNumber]! > 0;
  /** How many words a run may have that goes on in what is read next. */
  const kept = Math.max(grams.at(-1) ?? 0, numbers ? mostGram : 0);
  const wholes = shortest[0]! > 0;

  const found = (from: Words, first: number, last: number, place: number) => {
    const { high, low } = sipHash(from.text, from.starts[first]!, from.ends[last - 1]!);
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
    for (let index = 0; index < grams.length; index++) {
      const length = grams[index]!;
      const least = shortest[length]!;
      const most = longest[length]!;
      for (let last = Math.max(length, fresh + 1); last <= count; last++) {
        const bytes = ends[last - 1]! - starts[last - length]!;
        if (bytes < least || bytes > most) continue;
        if (filter.mayHold(windowHash(from, last - length, last), length)) found(from, last - length, last, place);
      }
    }
  };

  const digits = createDigits();
  let placeOfNumber = 0;
  let numbersSeen: (NumbersSeen | undefined)[] = [];
  // Made once, not for each field.
  const lookAtNumber = (run: Digits) => {
    numbersSeen[placeOfNumber] ??= createNumbersSeen();
    const seen = numbersSeen[placeOfNumber]!;
    seen.ofDigits[run.count]!++;
    addRun(seen.distinct, run.hash);
    if (!filter.mayHold(run.hash, asNumber)) return;
    const { high, low } = sipHash(run.bytes, 0, run.count);
    candidates.add(high, low, placeOfNumber);
  };
  const lookAtNumbers = (from: Words, fresh: number, place: number) => {
    placeOfNumber = place;
    if (numbers) digitRuns(from, fresh, shortest[asNumber]!, longest[asNumber]!, lookAtNumber, digits);
  };

  /** The whole, and each string in it. */
  const lookAtWholes = (from: Words, place: number) => {
    if (from.count > mostGram) lookAtWhole(from, 0, from.count, place);
    let first = 0;
    for (let index = 1; index <= from.count; index++) {
      if (index < from.count && from.breaks[index] === 0) continue;
      if (index - first > mostGram && index - first < from.count) lookAtWhole(from, first, index, place);
      first = index;
    }
  };

  const lookInside = (bytes: Buffer, place: number) => {
    for (let at = 0; at < bytes.length; ) {
      clearWords(inner);
      at = readWords(inner, bytes, at, bytes.length);
      lookAtRuns(inner, 0, place);
      lookAtNumbers(inner, 0, place);
      if (wholes) lookAtWholes(inner, place);
    }
  };

  const value: Search['value'] = (bytes, start, end, place) => {
    if (isHex(bytes, start, end)) return rawValue(bytes, start, end, place);
    clearWords(words);
    let total = 0;
    for (let at = start; at < end; ) {
      const fresh = words.count;
      const from = at;
      at = readWords(words, bytes, at, end);
      total += words.count - fresh;
      lookAtRuns(words, fresh, place);
      lookAtNumbers(words, fresh, place);
      if (wholes && from === start && at === end) lookAtWholes(words, place);
      for (let index = fresh; index < words.count; index++) {
        if (words.text[words.starts[index]!] !== 0x78) continue;
        const length = words.ends[index]! - words.starts[index]!;
        if (length < 9 || length % 2 === 0) continue;
        const word = Buffer.from(words.text.subarray(words.starts[index]!, words.ends[index]!)).toString('latin1');
        if (hexWord.test(word)) lookInside(Buffer.from(word.slice(1), 'hex'), place);
      }
      if (at < end) keepLastWords(words, kept);
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
