import { createFilter } from './filter.ts';
import { type AuditSetup, mostGram } from './setup.ts';
import { spansIn, widen } from './spans.ts';
import type { Unit } from './units.ts';
import { type Words, windowHash } from './words.ts';

/** Originals as they are sent on: high and low half of the hash, and the unit. */
export const originalWords = 3;
const chunkOriginals = 32768;
const recentSlots = 4096;

/** Keeps hashes of the words that were just read, without those that came a moment ago, and sends them on in chunks. */
export function createKeeper(setup: AuditSetup, words: Words, send: (originals: Uint32Array<ArrayBuffer>) => void) {
  const filter = createFilter(setup.filter);
  const spans = spansIn(setup.spans);
  const recentHigh = new Uint32Array(recentSlots);
  const recentLow = new Uint32Array(recentSlots);
  const recentUnit = new Int32Array(recentSlots).fill(-1);
  let chunk = new Uint32Array(chunkOriginals * originalWords);
  let at = 0;
  return {
    add: (unit: Unit['id'], high: number, low: number) => {
      const slot = low & (recentSlots - 1);
      if (recentLow[slot] === low && recentHigh[slot] === high && recentUnit[slot] === unit) return;
      recentLow[slot] = low;
      recentHigh[slot] = high;
      recentUnit[slot] = unit;
      const { count } = words;
      const length = count <= mostGram ? count : 0;
      filter.add(windowHash(words, 0, count), length);
      widen(spans, length, words.ends[count - 1]!);
      chunk[at++] = high;
      chunk[at++] = low;
      chunk[at++] = unit;
      if (at < chunk.length) return;
      send(chunk);
      chunk = new Uint32Array(chunkOriginals * originalWords);
      at = 0;
    },
    flush: () => {
      if (at > 0) send(chunk.slice(0, at));
      at = 0;
    },
  };
}
