import type { Production } from '../migrations/production.ts';
import { blockingLocks, type HeldLock, type Rewrite, type Scan } from './observed.ts';
import type { RehearsedUp } from './report.ts';
import { parseSql } from './sql.ts';

/** What depends on a table's size takes longer where the table is larger: what was measured × the ratio of the sizes. */
export interface Extrapolated {
  table: string;
  what: 'rewritten' | 'read' | 'index built';
  cloneBytes: number;
  productionBytes: number;
  ratio: number;
  migration?: string;
  sql: string;
  /** When the statement began. */
  at: string;
  /** Of the statement, on the clone; and what it comes to at production's size. */
  measuredMs: number;
  ms: number;
  /** WAL of the statement on the clone, where it was told. */
  walBytes?: number;
  /** The longest lock on the table that blocks readers or writers, all of its transaction counted. */
  lock?: { mode: string; measuredHeldMs: number };
  heldMs?: number;
}

/** Space that `up` needs at production's size; the part seen on the clone beside it. */
export interface DiskNeed {
  /** By how much the database is larger afterwards. */
  growthBytes: number;
  /** With the largest rewritten table, whose old copy is there until the transaction ends. */
  peakBytes: number;
  measuredPeakBytes: number;
  largestRewrite?: string;
}

export type Sizes = NonNullable<Production['tables']>;

/** Below this the measurement itself is no more exact. */
const minRatio = 1.2;

/** @param sizes of the tables in production and in the clone. */
export function extrapolate(up: RehearsedUp, sizes: Sizes): Extrapolated[] {
  const ratios = ratiosOf(sizes);
  const all = [
    ...up.rewrites.map((rewrite) => ({ ...rewrite, what: 'rewritten' as const })),
    ...up.scans.map((scan) => ({
      ...scan,
      what: scan.why === 'to build an index' ? ('index built' as const) : ('read' as const),
    })),
  ];
  const works = new Map<string, Extrapolated>();
  for (const { table, what, sql, migration } of all) {
    const size = ratios.get(table);
    const timed = size && timeOf(up, { table, sql, ...(migration ? { migration } : {}) });
    if (!timed) continue;
    // A statement counts once, however often it reads its table.
    const key = `${timed.at} ${sql}`;
    if ((works.get(key)?.ratio ?? 0) >= size.ratio) continue;
    const ms = Math.round(timed.measuredMs * size.ratio);
    works.set(key, { table, what, ...size, ...(migration ? { migration } : {}), sql, ...timed, ms });
  }
  const found = [...works.values()];
  return found.map((work) => {
    const lock = blockingLocks(up.locks).find(({ table }) => table === work.table);
    if (!lock) return work;
    const { mode, heldMs: measuredHeldMs } = lock;
    return { ...work, lock: { mode, measuredHeldMs }, heldMs: heldInProduction(lock, found) };
  });
}

function ratiosOf(sizes: Sizes): Map<string, Pick<Extrapolated, 'cloneBytes' | 'productionBytes' | 'ratio'>> {
  return new Map(
    sizes.flatMap(({ name, copyBytes: cloneBytes, tableBytes: productionBytes }) => {
      const ratio = Math.round((productionBytes / cloneBytes) * 100) / 100;
      return cloneBytes > 0 && ratio >= minRatio ? [[name, { cloneBytes, productionBytes, ratio }]] : [];
    }),
  );
}

/** The statement's own time, not its text's, where it took a lock of its own. */
function timeOf(
  { locks, statements }: RehearsedUp,
  { table, sql, migration }: Pick<Rewrite | Scan, 'table' | 'sql' | 'migration'>,
): Pick<Extrapolated, 'at' | 'measuredMs' | 'walBytes'> | undefined {
  const ran = statements.find(
    (one) =>
      one.migration === migration &&
      one.database === undefined &&
      (one.sql === sql || parseSql(one.sql).some(({ text }) => text === sql)),
  );
  const lock = locks.find((one) => one.table === table && one.sql === sql && one.migration === migration);
  const wal = ran?.walBytes === undefined ? {} : { walBytes: ran.walBytes };
  if (lock) return { at: lock.takenAt, measuredMs: lock.statementMs, ...wal };
  return ran && { at: ran.at, measuredMs: Math.round(ran.durationMs), ...wal };
}

/** A lock is held while everything else of its transaction runs, whichever table that is about. */
export function heldInProduction({ heldMs, takenAt, releasedAt }: HeldLock, works: Extrapolated[] = []): number {
  const meanwhile = works.filter(({ at }) => at >= takenAt && at < releasedAt);
  return heldMs + sum(meanwhile.map(({ ms, measuredMs }) => ms - measuredMs));
}

export function durationInProduction({ durationMs }: RehearsedUp, works: Extrapolated[] = []): number {
  return durationMs + sum(works.map(({ ms, measuredMs }) => ms - measuredMs));
}

export function walInProduction({ walBytes }: RehearsedUp, works: Extrapolated[] = []): number {
  return Math.round(walBytes + sum(works.map((work) => (work.walBytes ?? 0) * (work.ratio - 1))));
}

export function bytesInProduction({ table, sizeBytes }: Rewrite, works: Extrapolated[] = []): number {
  return Math.round(sizeBytes * (works.find((work) => work.table === table)?.ratio ?? 1));
}

/** Without sizes, what the clone itself needed. */
export function diskNeeded(up: RehearsedUp, sizes: Sizes = []): DiskNeed {
  const ratios = ratiosOf(sizes);
  const more = (table: string) => (ratios.get(table)?.ratio ?? 1) - 1;
  const rewritten = new Set(up.rewrites.map(({ table }) => table));
  const copies = up.tableSizes.flatMap(({ table, beforeBytes }) =>
    rewritten.has(table) ? [{ table, measured: beforeBytes, bytes: beforeBytes * (1 + more(table)) }] : [],
  );
  const [largest] = copies.toSorted((a, b) => b.bytes - a.bytes);
  const growth = up.growthBytes + sum(up.tableSizes.map((one) => (one.afterBytes - one.beforeBytes) * more(one.table)));
  return {
    growthBytes: Math.round(growth),
    peakBytes: Math.round(Math.max(0, growth) + (largest?.bytes ?? 0)),
    measuredPeakBytes: Math.max(0, up.growthBytes) + Math.max(0, ...copies.map(({ measured }) => measured)),
    ...(largest ? { largestRewrite: largest.table } : {}),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
