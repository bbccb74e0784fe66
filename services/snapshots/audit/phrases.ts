import { takeSharedMemory } from './shared-memory.ts';

/**
 * How often a value was said: what twenty rows say in the same words (`waiting for payment`) is the application's, not a
 * person's, and may stand elsewhere. Counted by 22 bits of the hash, in 16 MB that all threads share.
 */
export interface Phrases {
  /** Some may wait until `settle`. */
  said(high: number): void;
  settle(): void;
  /** Whether one is among those that were said often; `original` is that of a match. */
  isOften(original: number): boolean;
}

const slotBits = 22;
const often = 20;
/** Others share the slot: of four million different values one in the mean. */
const timesTheMean = 10;

/** They are counted many at once, as in `filter.ts`. */
const mostWaiting = 64;

export function phrasesMemory(): SharedArrayBuffer {
  return takeSharedMemory(4 << slotBits);
}

export function createPhrases(memory: SharedArrayBuffer): Phrases {
  const counts = new Uint32Array(memory, 0, 1 << slotBits);
  const waiting = new Int32Array(mostWaiting);
  let count = 0;
  const settle = () => {
    // Another thread's may be lost now and then, which costs less than waiting for it.
    for (let index = 0; index < count; index++) counts[waiting[index]!]! += 1;
    count = 0;
  };
  let least: number | undefined;
  return {
    said: (high) => {
      waiting[count++] = high >>> (32 - slotBits);
      if (count === mostWaiting) settle();
    },
    settle,
    isOften: (original) => {
      least ??= Math.max(often, (timesTheMean * sumOf(counts)) / counts.length);
      return counts[Math.floor(original / 2 ** 21) >>> (32 - slotBits)]! >= least;
    },
  };
}

/** A loop takes a sixth of what `reduce` does, and there are four million. */
function sumOf(counts: Uint32Array): number {
  let sum = 0;
  for (let index = 0; index < counts.length; index++) sum += counts[index]!;
  return sum;
}
