import { randomFillSync } from 'node:crypto';
import { filterMemory } from './filter.ts';
import { inFlightMemory } from './in-flight.ts';
import { phrasesMemory } from './phrases.ts';
import { returnSharedMemory } from './shared-memory.ts';
import { spansMemory } from './spans.ts';
import type { TableUnits } from './units.ts';

/** What the threads of one capture share: all of it can be sent to a worker. */
export interface AuditSetup {
  /** 16 bytes for SipHash, 8 for the quick hash. In memory only, and zeroed when the capture ends. */
  key: SharedArrayBuffer;
  filter: SharedArrayBuffer;
  /** Of originals by their number of words; at 0 of those that are found as wholes only, at `asNumber` of those of digits, at `asJoined` of those in any groups. */
  spans: SharedArrayBuffer;
  phrases: SharedArrayBuffer;
  inFlight: SharedArrayBuffer;
  /** By the plan's tables. */
  tables: TableUnits[];
}

/** Originals of more words than this are found as wholes only: fields, elements, strings of documents. */
export const mostGram = 16;
/** And so is prose of more than this, of which each length that is looked for costs. */
export const mostProse = 8;
/** Stands for the number of words where only digits count. */
export const asNumber = mostGram + 1;
/** And where characters do, whatever groups they stand in. */
export const asJoined = mostGram + 2;

const keyBytes = 24;

export function createSetup(tables: TableUnits[], expectedOriginals: number): AuditSetup {
  const key = new SharedArrayBuffer(keyBytes);
  // Random bytes are not written into shared memory by every version of Node.
  const random = randomFillSync(Buffer.alloc(keyBytes));
  new Uint8Array(key).set(random);
  random.fill(0);
  return {
    ...{ key, tables },
    filter: filterMemory(expectedOriginals),
    spans: spansMemory(asJoined),
    phrases: phrasesMemory(),
    inFlight: inFlightMemory(),
  };
}

export function keysOf({ key }: Pick<AuditSetup, 'key'>): { sip: Uint8Array; words: Uint8Array } {
  const bytes = new Uint8Array(key);
  return { sip: bytes.subarray(0, 16), words: bytes.subarray(16) };
}

/** Destroys the key, and leaves what the threads shared to the next capture. None of them runs any more. */
export function closeSetup({ key, filter, phrases }: AuditSetup): void {
  new Uint8Array(key).fill(0);
  for (const memory of [filter, phrases]) returnSharedMemory(memory);
}
