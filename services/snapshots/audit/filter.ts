import { takeSharedMemory } from './shared-memory.ts';

/**
 * Says quickly that something is not among the originals: a Bloom filter (Bloom 1970) whose three bits of a value are in
 * one 32-bit word, so that a look-up costs one access to memory. Shared by all threads.
 */
export interface Filter {
  /** Some may wait until `settle`. */
  add(hash: number, length: number): void;
  settle(): void;
  mayHold(hash: number, length: number): boolean;
}

const bitsPerOriginal = 32;
const leastBits = 1 << 20;
/** 64 MB: of 17 million originals 0.3 % of look-ups pass it in vain, of 60 million 4 %, of 100 million 10 %, of 200 million 32 %. */
const mostBits = 2 ** 29;

/** What is added waits for so many others: their cells are fetched from memory at once, which takes as long as one of them. */
const mostWaiting = 64;

/** @param originals how many are expected, about */
export function filterMemory(originals: number): SharedArrayBuffer {
  const wanted = Math.min(mostBits, Math.max(leastBits, originals * bitsPerOriginal));
  return takeSharedMemory(2 ** Math.ceil(Math.log2(wanted)) / 8);
}

export function createFilter(memory: SharedArrayBuffer): Filter {
  const cells = new Int32Array(memory);
  const shift = 32 - Math.log2(cells.length);
  const waiting = new Int32Array(mostWaiting);
  let count = 0;
  const settle = () => {
    let missing = 0;
    for (let index = 0; index < count; index++) {
      const mixed = waiting[index]!;
      const bits = bitsOf(mixed);
      if ((cells[mixed >>> shift]! & bits) !== bits) waiting[missing++] = mixed;
    }
    // Other threads set bits of the same word.
    for (let index = 0; index < missing; index++) Atomics.or(cells, waiting[index]! >>> shift, bitsOf(waiting[index]!));
    count = 0;
  };
  return {
    add: (hash, length) => {
      waiting[count++] = mix(hash, length);
      if (count === mostWaiting) settle();
    },
    settle,
    mayHold: (hash, length) => {
      const mixed = mix(hash, length);
      const bits = bitsOf(mixed);
      return (cells[mixed >>> shift]! & bits) === bits;
    },
  };
}

function mix(hash: number, length: number): number {
  let mixed = Math.imul(hash ^ Math.imul(length + 1, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function bitsOf(mixed: number): number {
  return (1 << (mixed & 31)) | (1 << ((mixed >>> 5) & 31)) | (1 << (Math.imul(mixed, 0x9e3779b1) >>> 27));
}
