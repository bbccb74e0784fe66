import { arrayElements, createFields, hexBytes, isNull, splitFields, unescapeField } from './copy-fields.ts';
import { addDistinct, createDistinct } from './distinct.ts';
import { createDocumentReader } from './document.ts';
import { createFilter } from './filter.ts';
import { createPhrases } from './phrases.ts';
import { type AuditSetup, keysOf, mostGram } from './setup.ts';
import { createSipHash } from './siphash.ts';
import { spansIn, widen } from './spans.ts';
import { isMoment, strengthOf } from './strength.ts';
import { type Judgement, judgementOf } from './techniques.ts';
import type { ColumnUnits, Unit } from './units.ts';
import { clearWords, createWords, readWords, windowHash } from './words.ts';

/** What was counted of one unit; sums of parts are the sums of these. */
export interface UnitCounts {
  values: number;
  /** Originals that are above the entropy floor and so are searched. */
  searched: number;
  /** Values masked with themselves, and hashes of the different ones among them (the first thousand). */
  equal: number;
  equalOriginals: Set<number>;
  /** How many values chance masks with themselves. */
  chance: number;
  /** How many of one number drawn at random meet an original: only originals of digits alone count. */
  numberChance: number;
  /** The same of a value of the same shape. */
  shapeChance: number;
  distinct: Uint8Array;
}

/** Counts of a part; of one that failed they are dropped. */
export type PartCounts = Map<number, UnitCounts>;

/** Originals as they are sent on: high and low half of the hash, and the unit. */
export const originalWords = 3;
const chunkOriginals = 32768;

export interface Collector {
  /** One row as it came and as it goes on, both in COPY's text format, newlines included. */
  row(original: Buffer, start: number, end: number, masked: Buffer, maskedStart: number, maskedEnd: number): void;
  finish(): PartCounts;
}

const recentSlots = 4096;
const mostEqualKept = 1000;
/** How many times likelier two meet because phone numbers, accounts and cards share prefixes: three digits of them. */
const sharedPrefixes = 1000;

/** @param send takes hashes away; those of a part that failed do no harm, they are originals all the same */
export function createCollection(
  setup: AuditSetup,
  send: (originals: Uint32Array<ArrayBuffer>) => void,
): (table: number) => Collector | undefined {
  const keys = keysOf(setup);
  const sipHash = createSipHash(keys.sip);
  const words = createWords(keys.words);
  const filter = createFilter(setup.filter);
  const spans = spansIn(setup.spans);
  const phrases = createPhrases(setup.phrases);
  const recentHigh = new Uint32Array(recentSlots);
  const recentLow = new Uint32Array(recentSlots);
  const recentUnit = new Int32Array(recentSlots).fill(-1);
  const [originals, maskeds] = [createFields(), createFields()];
  const judgementsOfUnits: Judgement[] = [];
  for (const { units } of setup.tables.flat().filter((column) => column !== undefined)) {
    for (const { id, technique } of Object.values(units)) judgementsOfUnits[id] = judgementOf(technique);
  }
  let chunk = new Uint32Array(chunkOriginals * originalWords);
  let at = 0;
  const flush = () => {
    if (at > 0) send(chunk.slice(0, at));
    at = 0;
  };

  const keep = (unit: Unit, high: number, low: number, hash: number) => {
    const slot = low & (recentSlots - 1);
    if (recentLow[slot] === low && recentHigh[slot] === high && recentUnit[slot] === unit.id) return;
    recentLow[slot] = low;
    recentHigh[slot] = high;
    recentUnit[slot] = unit.id;
    const length = words.count <= mostGram ? words.count : 0;
    filter.add(hash, length);
    widen(spans, length, words.ends[words.count - 1]!);
    chunk[at++] = high;
    chunk[at++] = low;
    chunk[at++] = unit.id;
    if (at === chunk.length) {
      send(chunk);
      chunk = new Uint32Array(chunkOriginals * originalWords);
      at = 0;
    }
  };

  const collect = (unit: Unit, counts: UnitCounts, bytes: Buffer, start: number, end: number, equal: boolean) => {
    counts.values++;
    clearWords(words);
    // What is longer than the words have room for is compared by its beginning, and not searched as a whole.
    const whole = readWords(words, bytes, start, end) === end;
    if (words.count === 0) {
      counts.chance++;
      return;
    }
    const judgement = judgementsOfUnits[unit.id]!;
    const strength = strengthOf(words);
    const last = words.ends[words.count - 1]!;
    const { high, low } = sipHash(words.text, words.starts[0]!, last);
    addDistinct(counts.distinct, high, low);
    counts.chance += Math.min(1, judgement.chance + strength.ownChance);
    if (equal) {
      counts.equal++;
      if (counts.equalOriginals.size < mostEqualKept) counts.equalOriginals.add(high * 2 ** 20 + (low >>> 12));
    }
    if (whole && judgement.searches(strength, words.count, words.hasAt) && !isMoment(words)) {
      counts.searched++;
      if (strength.digits === 0 && !words.hasAt && !judgement.evenIfRepeated) phrases.said(high);
      if (strength.letters === 0) counts.numberChance += strength.chance;
      if (judgement.makes === 'shape') counts.shapeChance += strength.chance * sharedPrefixes;
      keep(unit, high, low, windowHash(words, 0, words.count));
    }
    if (words.hasAt && words.count > 3) collectAddresses(unit, counts, bytes, start, end);
  };

  /** E-mail addresses within longer text are originals of their own. */
  const collectAddresses = (unit: Unit, counts: UnitCounts, bytes: Buffer, start: number, end: number) => {
    const text = bytes.toString('utf8', start, end);
    for (const [address] of text.matchAll(/[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu)) {
      if (address.length === text.length) return;
      const own = Buffer.from(address);
      clearWords(words);
      readWords(words, own, 0, own.length);
      if (words.count === 0 || strengthOf(words).bits < 12) continue;
      const { high, low } = sipHash(words.text, words.starts[0]!, words.ends[words.count - 1]!);
      counts.searched++;
      keep(unit, high, low, windowHash(words, 0, words.count));
    }
  };

  return (table) => {
    const columns = setup.tables[table]!;
    const last = columns.findLastIndex((column) => column !== undefined);
    if (last < 0) return undefined;
    const counts: PartCounts = new Map();
    const countsOf = (unit: Unit): UnitCounts => {
      let own = counts.get(unit.id);
      if (!own) {
        own = {
          values: 0,
          searched: 0,
          equal: 0,
          equalOriginals: new Set(),
          chance: 0,
          numberChance: 0,
          shapeChance: 0,
          distinct: createDistinct(),
        };
        counts.set(unit.id, own);
      }
      return own;
    };
    const pair = (unit: Unit, original: string, masked: string) => {
      if (original === '') return;
      const bytes = Buffer.from(original);
      collect(unit, countsOf(unit), bytes, 0, bytes.length, original === masked);
    };
    const readers = columns.map((column) => column && fieldReader(column));
    /** Gives the reader of one column's values: as wholes, by element, by leaf. */
    function fieldReader({
      rule,
      isArray,
      units,
    }: ColumnUnits): (
      original: Buffer,
      start: number,
      end: number,
      masked: Buffer,
      maskedStart: number,
      maskedEnd: number,
    ) => void {
      const technique = 'mask' in rule ? rule.mask : '';
      const unit = units[technique]!;
      const own = countsOf(unit);
      const readDocument = technique === 'json' ? createDocumentReader(rule) : undefined;
      const document = (original: string, masked: string) => {
        const known = readDocument!(original, masked, (leaf, before, after) =>
          pair(units[leaf] ?? unit, before, after),
        );
        if (!known) pair(unit, original, masked);
      };
      if (!isArray && !readDocument)
        return (original, start, end, masked, maskedStart, maskedEnd) => {
          const bytea = original[start] === 0x5c ? hexBytes(original.subarray(start, end)) : undefined;
          const equal = isSame(original, start, end, masked, maskedStart, maskedEnd);
          if (bytea) collect(unit, own, bytea, 0, bytea.length, equal);
          else collect(unit, own, original, start, end, equal);
        };
      return (original, start, end, masked, maskedStart, maskedEnd) => {
        const [before, after] = [
          original.toString('utf8', start, end),
          masked.toString('utf8', maskedStart, maskedEnd),
        ];
        if (!isArray) return document(before, after);
        const [elements, others] = [arrayElements(before), arrayElements(after)];
        for (const [index, element] of elements.entries()) {
          if (element === null) continue;
          const other = others[index] ?? '';
          if (readDocument) document(element, other);
          else pair(unit, element, other);
        }
      };
    }

    return {
      row: (original, start, end, masked, maskedStart, maskedEnd) => {
        const count = splitFields(originals, original, start, end, last + 1);
        splitFields(maskeds, masked, maskedStart, maskedEnd, last + 1);
        for (let index = 0; index < count; index++) {
          const read = readers[index];
          if (!read) continue;
          let from = original;
          let first = originals.starts[index]!;
          let end = originals.ends[index]!;
          if (first === end || isNull(original, first, end)) continue;
          let to = masked;
          let maskedFirst = maskeds.starts[index]!;
          let maskedEnd = maskeds.ends[index]!;
          if (isNull(masked, maskedFirst, maskedEnd)) maskedEnd = maskedFirst;
          if (originals.escaped[index]) {
            from = unescapeField(original, first, end);
            first = 0;
            end = from.length;
          }
          if (maskeds.escaped[index] && maskedEnd > maskedFirst) {
            to = unescapeField(masked, maskedFirst, maskedEnd);
            maskedFirst = 0;
            maskedEnd = to.length;
          }
          read(from, first, end, to, maskedFirst, maskedEnd);
        }
      },
      finish: () => {
        flush();
        return counts;
      },
    };
  };
}

function isSame(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let index = aStart, other = bStart; index < aEnd; index++, other++) if (a[index] !== b[other]) return false;
  return true;
}
