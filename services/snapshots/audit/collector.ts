import type { CopyFormat } from '../../masking/rows/row.ts';
import { createCounts, type PartCounts, type UnitCounts } from './counts.ts';
import { addDistinct } from './distinct.ts';
import { createJoined, join, joinedBytes, mostJoined } from './groups.ts';
import { createKeeper } from './keeper.ts';
import { isMoment } from './moments.ts';
import { createPairReader, type OnOriginal, type ReadPair } from './pairs.ts';
import { createPhrases } from './phrases.ts';
import { type AuditSetup, keysOf, mostGram, mostProse } from './setup.ts';
import { createSipHash } from './siphash.ts';
import { type Strength, strengthOf } from './strength.ts';
import { type Judgement, judgementOf } from './techniques.ts';
import { markOf, type Unit } from './units.ts';
import { clearWords, createWords, foursTo, readWords, type Words } from './words.ts';

/** Of one part of a table. */
export interface Collector {
  row: ReadPair;
  finish(): PartCounts;
}

const mailAddress = /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;
const leastMailBits = 12;
/** Of each 8,192 words; and bytes that eight words of prose have at least, with what rounds each up to four. */
const pieces = 4;
const leastPiece = 40;

/** One or two characters are moved by one number for all of them, which may be nothing. */
function chanceToStay({ chance, keeps = 1, neverStays }: Judgement, { letters, digits, ownChance }: Strength): number {
  if (neverStays) return 0;
  return letters + digits <= 2 ? 1 : Math.min(1, chance + ownChance * keeps);
}

/** Scripts that put no spaces between words: three characters are two words at least. */
function wordsIn({ count }: Words, { ideographs }: Strength): number {
  return count === 1 && ideographs >= 3 ? 2 : count;
}

/** @param send takes hashes away; those of a part that failed do no harm, they are originals all the same */
export function createCollection(
  setup: AuditSetup,
  send: (originals: Uint32Array<ArrayBuffer>) => void,
): (table: number, format: CopyFormat) => Collector | undefined {
  const keys = keysOf(setup);
  const sipHash = createSipHash(keys.sip);
  const words = createWords(keys.words);
  const keep = createKeeper(setup, words, send);
  const phrases = createPhrases(setup.phrases);
  const columns = setup.tables.flat().filter((column) => column !== undefined);
  const judgements = Object.fromEntries(
    columns
      .flatMap(({ units, fullName }) => [...Object.values(units), ...(fullName ? [fullName.unit] : [])])
      .map(({ id, technique }) => [id, judgementOf(technique)]),
  );
  /** Of the words that were read. */
  const hash = () => sipHash(words.fours, 0, foursTo(words, words.count));

  const joined = createJoined();
  const hashOfJoined = () => sipHash(joined.fours, 0, join(joined, words, 0, words.count));

  const collectorOf = (counts: PartCounts): OnOriginal => {
    // Quicker than the map, for each value.
    const owns: UnitCounts[] = [];
    const ownOf = (id: Unit['id']) => {
      const own = createCounts();
      counts.set(id, own);
      return own;
    };
    return ({ id }, bytes, start, all, equal) => {
      owns[id] ??= ownOf(id);
      const own = owns[id]!;
      own.values++;
      const judgement = judgements[id]!;
      const stop = judgement.until === undefined ? -1 : bytes.subarray(start, all).indexOf(judgement.until);
      const end = stop < 0 ? all : start + stop;
      clearWords(words);
      // What is longer than the words have room for is compared by its beginning, and searched by pieces.
      const to = readWords(words, bytes, start, end);
      if (words.count === 0) return;
      own.compared++;
      const most = judgement.isProse ? mostProse : mostGram;
      const strength = strengthOf(words);
      const characters = strength.letters + strength.digits;
      const isNumber = strength.letters === 0 && strength.digits <= mostJoined && !judgement.inGroups;
      // An address of digits alone is a moment to the microsecond, in other groups.
      const isJoined = judgement.regrouped === true && strength.letters > 0 && joinedBytes(words) <= mostJoined;
      const { high, low } = isNumber || isJoined ? hashOfJoined() : hash();
      addDistinct(own.distinct, high, low);
      own.chance += chanceToStay(judgement, strength);
      if (equal) {
        own.equal++;
        addDistinct(own.equalDistinct, high, low);
      }
      const hasMore = words.hasAt && words.count > 3;
      if (judgement.searches(strength, wordsIn(words, strength), words.hasAt) && !isMoment(words)) {
        own.searched++;
        if (judgement.coincidesInLetters && strength.digits === 0) own.ofLetters++;
        if (!words.hasAt && !judgement.evenIfRepeated) phrases.said(high);
        own.shapeChance += judgement.drawn ? judgement.drawn(words) : strength.drawn;
        if (to < end) collectPieces(markOf(id, false), bytes, to, end);
        else if (isNumber) {
          own.numbers.ofDigits[joined.count]!++;
          addDistinct(own.numbers.distinct, high, low);
          keep.digits(markOf(id, true), { high, low }, joined);
        } else if (isJoined) keep.joined(markOf(id, false), { high, low }, joined, characters);
        else keep.words(markOf(id, false), { high, low }, most, characters);
        // `CORP\\nina` is CORP and nina in a document, which writes the backslash twice, and CORP and ina by itself.
        if (to === end && words.hasEscape) {
          clearWords(words);
          readWords(words, bytes, start, end, false);
          keep.words(markOf(id, false), hash(), most, characters);
        }
      }
      // E-mail addresses within longer text are originals of their own.
      if (hasMore) own.searched += collectAddresses(id, bytes.toString('utf8', start, end));
    };
  };

  /** Sentences out of each room of words: the beginning, the middle, the end. @param from where more of it is read */
  const collectPieces = (mark: number, bytes: Buffer, from: number, end: number): void => {
    for (let at = from; ; ) {
      const rest = words.count - mostProse;
      for (let piece = 0; piece < pieces && rest >= 0; piece++) {
        const first = Math.floor((rest * piece) / (pieces - 1));
        const last = first + mostProse;
        if (words.ends[last - 1]! - words.starts[first]! < leastPiece) continue;
        const of = sipHash(words.fours, words.starts[first]! >> 2, foursTo(words, last));
        phrases.said(of.high);
        keep.words(mark, of, mostProse, mostProse, first, last);
      }
      if (at >= end) return;
      clearWords(words);
      at = readWords(words, bytes, at, end);
    }
  };

  const collectAddresses = (unit: number, text: string): number => {
    let count = 0;
    for (const [address] of text.matchAll(mailAddress)) {
      if (address.length === text.length) break;
      const bytes = Buffer.from(address);
      clearWords(words);
      readWords(words, bytes, 0, bytes.length);
      if (words.count === 0) continue;
      const { bits, letters, digits } = strengthOf(words);
      if (bits < leastMailBits) continue;
      keep.words(markOf(unit, false), hash(), mostGram, letters + digits);
      count++;
    }
    return count;
  };

  return (table, format) => {
    const units = setup.tables[table]!;
    if (units.every((column) => column === undefined)) return undefined;
    const counts: PartCounts = new Map();
    return {
      row: createPairReader(units, collectorOf(counts), format),
      finish: () => {
        keep.flush();
        phrases.settle();
        return counts;
      },
    };
  };
}
