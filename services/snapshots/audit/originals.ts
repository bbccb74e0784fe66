import { originalWords } from './keeper.ts';
import { createRecords, type Records } from './records.ts';

/** The hashes of all originals. */
export type Originals = Records;

/** A million hashes and their columns. */
const originalsInMemoryBytes = 16 << 20;

export function createOriginals(memoryBytes = originalsInMemoryBytes): Originals {
  return createRecords(originalWords, memoryBytes);
}
