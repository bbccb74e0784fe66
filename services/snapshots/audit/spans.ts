/**
 * How long originals of so many words are, in bytes of their text: what is shorter or longer needs no look into the
 * filter, which costs more than all else. Shared by all threads.
 */
export interface Spans {
  /** By number of words; 0 where there are none. */
  shortest: Int32Array;
  longest: Int32Array;
}

export function spansMemory(mostWords: number): SharedArrayBuffer {
  return new SharedArrayBuffer((mostWords + 1) * 8);
}

export function spansIn(memory: SharedArrayBuffer): Spans {
  const count = memory.byteLength / 8;
  return { shortest: new Int32Array(memory, 0, count), longest: new Int32Array(memory, count * 4, count) };
}

export function widen({ shortest, longest }: Spans, words: number, bytes: number): void {
  for (let known = shortest[words]!; known === 0 || bytes < known; ) {
    const before = Atomics.compareExchange(shortest, words, known, bytes);
    if (before === known) break;
    known = before;
  }
  for (let known = longest[words]!; bytes > known; ) {
    const before = Atomics.compareExchange(longest, words, known, bytes);
    if (before === known) break;
    known = before;
  }
}
