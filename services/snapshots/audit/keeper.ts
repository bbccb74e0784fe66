import { createFilter } from './filter.ts';
import type { Joined } from './groups.ts';
import { type AuditSetup, asJoined, asNumber } from './setup.ts';
import type { Hash64 } from './siphash.ts';
import { spansIn, widen } from './spans.ts';
import type { Unit } from './units.ts';
import { type Words, windowHash } from './words.ts';

/** Originals as they are sent on: high and low half of the hash, and the unit. */
export const originalWords = 3;
const chunkOriginals = 32768;
const recentSlots = 4096;

/** Keeps hashes, of the words that were just read, of their digits or of all that they are made of, without those that came a moment ago, and sends them on in chunks. */
export function createKeeper(setup: AuditSetup, words: Words, send: (originals: Uint32Array<ArrayBuffer>) => void) {
  const filter = createFilter(setup.filter);
  const spans = spansIn(setup.spans);
  const recentHigh = new Int32Array(recentSlots);
  const recentLow = new Int32Array(recentSlots);
  const recentUnit = new Int32Array(recentSlots).fill(-1);
  let chunk = new Uint32Array(chunkOriginals * originalWords);
  let at = 0;
  const add = (
    unit: Unit['id'],
    { high, low }: Hash64,
    hash: number,
    length: number,
    bytes: number,
    characters: number,
    ofLast = 0,
  ) => {
    const slot = low & (recentSlots - 1);
    if (recentLow[slot] === low && recentHigh[slot] === high && recentUnit[slot] === unit) return;
    recentLow[slot] = low;
    recentHigh[slot] = high;
    recentUnit[slot] = unit;
    filter.add(hash, length);
    widen(spans, length, bytes, characters, ofLast);
    chunk[at++] = high;
    chunk[at++] = low;
    chunk[at++] = unit;
    if (at < chunk.length) return;
    send(chunk);
    chunk = new Uint32Array(chunkOriginals * originalWords);
    at = 0;
  };
  return {
    /**
     * @param most words of what is found in longer text, too
     * @param characters how many letters and digits it has at least
     */
    words: (unit: Unit['id'], of: Hash64, most: number, characters: number, first = 0, last = words.count) => {
      const { starts, ends } = words;
      const bytes = ends[last - 1]! - starts[first]!;
      const ofLast = ends[last - 1]! - starts[last - 1]!;
      add(unit, of, windowHash(words, first, last), last - first <= most ? last - first : 0, bytes, characters, ofLast);
    },
    digits: (unit: Unit['id'], of: Hash64, { hash, count }: Joined) => add(unit, of, hash, asNumber, count, count),
    joined: (unit: Unit['id'], of: Hash64, { hash, count }: Joined, characters: number) =>
      add(unit, of, hash, asJoined, count, characters),
    flush: () => {
      filter.settle();
      if (at > 0) send(chunk.slice(0, at));
      at = 0;
    },
  };
}
