/**
 * How long originals of so many words are, in bytes of their text, and what shapes they have: what has none of these needs no
 * look into the filter, which costs more than all else. Shared by all threads.
 */
export interface Spans {
  /** By number of words; 0 where there are none. */
  shortest: Int32Array;
  longest: Int32Array;
  /** By number of words, bits: of how long all of them are and how long the last is. */
  shapes: Int32Array;
  /** How many letters and digits the one with the fewest has; 0: there are none. */
  fewest: Int32Array;
}

const lastBits = 4;
const shapeBits = 12;
export const longestLast = (1 << lastBits) - 1;
const longestTotal = (1 << (shapeBits - lastBits)) - 1;

/** Of each number of words. */
const ownBytes = 8 + (1 << shapeBits) / 8;
const fewestBytes = 4;

export function spansMemory(mostWords: number): SharedArrayBuffer {
  return new SharedArrayBuffer(fewestBytes + (mostWords + 1) * ownBytes);
}

export function spansIn(memory: SharedArrayBuffer): Spans {
  const count = (memory.byteLength - fewestBytes) / ownBytes;
  return {
    fewest: new Int32Array(memory, 0, 1),
    shortest: new Int32Array(memory, fewestBytes, count),
    longest: new Int32Array(memory, fewestBytes + count * 4, count),
    shapes: new Int32Array(memory, fewestBytes + count * 8),
  };
}

function shapeOf(words: number, bytes: number, ofLast: number): number {
  return (words << shapeBits) | (Math.min(bytes, longestTotal) << lastBits) | Math.min(ofLast, longestLast);
}

/** Whether originals of so many words have such a shape. @param bytes of their text @param ofLast those of the last word */
export function hasShape(shapes: Int32Array, words: number, bytes: number, ofLast: number): boolean {
  const shape = shapeOf(words, bytes, ofLast);
  return ((shapes[shape >> 5]! >>> (shape & 31)) & 1) === 1;
}

/** By the length of a last word, bits: for each number of words, up to `mostWords`, whether some originals have it. */
export function lastWordsOf(shapes: Int32Array, mostWords: number): Int32Array {
  return Int32Array.from({ length: longestLast + 1 }, (_, ofLast) => {
    let bits = 0;
    for (let words = 1; words <= mostWords; words++)
      for (let bytes = 0; bytes <= longestTotal; bytes++)
        if (hasShape(shapes, words, bytes, ofLast)) bits |= 1 << words;
    return bits;
  });
}

/** @param characters how many letters and digits */
export function widen(
  { shortest, longest, shapes, fewest }: Spans,
  words: number,
  bytes: number,
  characters = bytes,
  ofLast = 0,
): void {
  lower(fewest, 0, characters);
  lower(shortest, words, bytes);
  for (let known = longest[words]!; bytes > known; ) {
    const before = Atomics.compareExchange(longest, words, known, bytes);
    if (before === known) break;
    known = before;
  }
  if (hasShape(shapes, words, bytes, ofLast)) return;
  const shape = shapeOf(words, bytes, ofLast);
  Atomics.or(shapes, shape >> 5, 1 << (shape & 31));
}

/** 0 is none yet. */
function lower(cells: Int32Array, index: number, value: number): void {
  for (let known = cells[index]!; known === 0 || value < known; ) {
    const before = Atomics.compareExchange(cells, index, known, value);
    if (before === known) break;
    known = before;
  }
}
