import { blockedBy, type HeldLock } from './observed.ts';
import type { LockMode } from './sql.ts';

/** One transaction's locks that make readers or writers wait, in the order in which it took them. */
export interface LockOrder {
  transaction: number;
  locks: { table: string; mode: LockMode; at: string; migration?: string }[];
}

/** Of the transactions that lock more than one table; the same table counts again under a stronger lock. */
export function lockOrder(locks: HeldLock[]): LockOrder[] {
  return [...Map.groupBy(blockingInOrder(locks), ({ transaction }) => transaction)]
    .filter(([, taken]) => new Set(taken.map(({ table }) => table)).size > 1)
    .map(([transaction, taken]) => ({
      transaction,
      locks: taken.map(({ table, mode, takenAt: at, migration }) => ({
        ...{ table, mode, at },
        ...(migration ? { migration } : {}),
      })),
    }));
}

export function blockingInOrder(locks: HeldLock[]): HeldLock[] {
  return locks
    .filter(({ mode }) => /writes/.test(blockedBy(mode)))
    .toSorted((a, b) => (a.takenAt < b.takenAt ? -1 : a.takenAt > b.takenAt ? 1 : 0));
}
