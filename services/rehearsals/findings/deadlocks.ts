import { blockingInOrder } from '../lock-order.ts';
import type { HeldLock } from '../observed.ts';
import { lockModes } from '../sql.ts';
import type { Finding } from './findings.ts';

/** A foreign key that was there before: `table` refers to `references`. */
export interface ForeignKey {
  table: string;
  references: string;
  /** As in pg_constraint.confdeltype: `a` no action, `r` restrict; the others change the referring rows. */
  onDelete: string;
}

export const deadlockRules = ['parent-locked-first', 'child-locked-first'];

/** https://www.postgresql.org/docs/17/explicit-locking.html#LOCKING-TABLES */
const stopsRowShare = ({ mode }: HeldLock) => lockModes.indexOf(mode) >= lockModes.indexOf('ExclusiveLock');

/**
 * Orders of locks that meet what applications do to two tables with a foreign key between them. An insert or update of the
 * child has the child (ROW EXCLUSIVE) and then wants the parent (ROW SHARE, for the key's check); a delete of the parent has the
 * parent and then wants the child. Who has the one and waits for the other deadlocks with a migration that has it the other way
 * round. Of tables locked by one statement the order is Postgres' own, and not known.
 */
export function deadlocks(locks: HeldLock[], keys: ForeignKey[]): Finding[] {
  const found = new Map<string, Finding>();
  for (const taken of Map.groupBy(blockingInOrder(locks), ({ transaction }) => transaction).values()) {
    for (const [index, second] of taken.entries()) {
      for (const first of taken.slice(0, index)) {
        if (first.takenAt === second.takenAt && first.sql === second.sql) continue;
        const hit = meets(first, second, keys);
        if (!hit) continue;
        const key = `${second.transaction} ${hit.id} ${first.table} ${second.table}`;
        if (found.has(key)) continue;
        const { table, mode, heldMs } = first;
        found.set(key, {
          ...{ ...hit, where: second.table, sql: second.sql, lock: { table, mode, heldMs } },
          ...(second.migration ? { migration: second.migration } : {}),
        });
      }
    }
  }
  return [...found.values()];
}

function meets(
  first: HeldLock,
  second: HeldLock,
  keys: ForeignKey[],
): Pick<Finding, 'id' | 'severity' | 'why' | 'safer'> | undefined {
  const apart =
    '-- a transaction (with SeaORM 1.1: a release) for each table, so that neither waits while it has the other';
  const down = keys.find(({ table, references }) => references === first.table && table === second.table);
  if (down && down.table !== down.references && stopsRowShare(first))
    return {
      ...{ id: 'parent-locked-first', severity: 'warning' },
      why: `${first.table} is locked already. An insert into ${second.table} has that table and waits for ${first.table}, for the check of its foreign key: a deadlock, in which Postgres gives up one of the two.`,
      safer: {
        sql: `${apart}\n-- or first ${second.table}, then ${first.table}:\nLOCK TABLE ${second.table} IN ACCESS EXCLUSIVE MODE;`,
      },
    };
  const up = keys.find(({ table, references }) => table === first.table && references === second.table);
  if (!up || up.table === up.references) return undefined;
  const only = ['a', 'r'].includes(up.onDelete);
  // It reads the child's rows FOR KEY SHARE, or changes them.
  if (only && !stopsRowShare(first)) return undefined;
  return {
    ...{ id: 'child-locked-first', severity: 'advice' },
    why: `${first.table} is locked already. A delete from ${second.table} has that table and waits for ${first.table}, ${only ? 'to see that no row refers to it' : 'whose rows it changes along'}: a deadlock, in which Postgres gives up one of the two.`,
    safer: { sql: `${apart}\n-- this order is the better one where rows are inserted more often than deleted` },
  };
}
