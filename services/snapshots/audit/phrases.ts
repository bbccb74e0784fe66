import { takeSharedMemory } from './shared-memory.ts';

/**
 * How often a value was said: what twenty rows say in the same words (`waiting for payment`) is the application's, not a
 * person's, and may stand elsewhere. Counted by 22 bits of the hash, in 16 MB that all threads share.
 */
export interface Phrases {
  said(high: number): void;
  /** Whether one is among those that were said often; `original` is that of a match. */
  isOften(original: number): boolean;
}

const slotBits = 22;
const often = 20;
/** Others share the slot: of four million different values one in the mean. */
const timesTheMean = 10;

export function phrasesMemory(): SharedArrayBuffer {
  return takeSharedMemory(4 << slotBits);
}

export function createPhrases(memory: SharedArrayBuffer): Phrases {
  const counts = new Uint32Array(memory, 0, 1 << slotBits);
  let least: number | undefined;
  return {
    said: (high) => {
      // Another thread's may be lost now and then, which costs less than waiting for it.
      counts[high >>> (32 - slotBits)]! += 1;
    },
    isOften: (original) => {
      least ??= Math.max(often, (timesTheMean * counts.reduce((sum, count) => sum + count, 0)) / counts.length);
      return counts[Math.floor(original / 2 ** 21) >>> (32 - slotBits)]! >= least;
    },
  };
}
