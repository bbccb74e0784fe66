import type { PlannedTable } from '../../masking/plan/plan.ts';
import { candidateWords } from './candidates.ts';
import { addCounts, type PartCounts } from './counts.ts';
import { createOriginals, type Originals } from './originals.ts';
import { createRecords, type Records } from './records.ts';
import { type AuditSetup, closeSetup, createSetup } from './setup.ts';
import { type Unit, unitsOf } from './units.ts';

/** One capture's audit: what is known of the originals of masked columns while it lasts, and never the originals. */
export interface Audit {
  setup: AuditSetup;
  units: Unit[];
  counts: PartCounts;
  originals: Originals;
  /** What looks like one of them. */
  candidates: Records;
  /** Every column of the plan, kept ones too: `schema.table.column`. */
  copied: ReadonlySet<string>;
  /** Of the words that masking draws. */
  locale: string | undefined;
  /** @throws Problem `capture-failed` where there is no room for them. */
  addOriginals(hashes: Uint32Array<ArrayBuffer>): void;
  /** Adds what was counted of a part that was copied whole. */
  addPart(part: PartCounts, collectMs: number): void;
  /** Of all threads together. */
  readonly collectMs: number;
  /** Destroys the key, and with it what the hashes could tell. */
  close(): void;
}

/** A million. */
const candidatesInMemoryBytes = 16 << 20;

/** @param expectedRows by the plan's tables, about @param memoryBytes for hashes, before they go to a file */
export function openAudit(
  tables: readonly PlannedTable[],
  expectedRows: readonly number[],
  memoryBytes?: number,
  locale?: string,
): Audit {
  const { units, tables: ofTables, copied } = unitsOf(tables);
  const masked = ofTables.map((columns) => columns.filter((column) => column !== undefined).length);
  const expected = masked.reduce((sum, columns, index) => sum + columns * (expectedRows[index] ?? 0), 0);
  const setup = createSetup(ofTables, expected);
  const originals = createOriginals(memoryBytes);
  const candidates = createRecords(candidateWords, memoryBytes ?? candidatesInMemoryBytes);
  const counts: PartCounts = new Map();
  let collectMs = 0;
  let closed = false;
  return {
    setup,
    units,
    counts,
    originals,
    candidates,
    copied,
    locale,
    addOriginals: (hashes) => {
      const startedAt = performance.now();
      originals.add(hashes);
      collectMs += performance.now() - startedAt;
    },
    addPart: (part, partMs) => {
      collectMs += partMs;
      for (const [unit, own] of part) {
        const sum = counts.get(unit);
        if (sum) addCounts(sum, own);
        else counts.set(unit, own);
      }
    },
    get collectMs() {
      return collectMs;
    },
    close: () => {
      if (closed) return;
      closed = true;
      closeSetup(setup);
      originals.close();
      candidates.close();
    },
  };
}
