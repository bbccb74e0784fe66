import { type LockMode, lockModes } from './sql.ts';

/** What a server's log says of the migrator's sessions. */
export interface Observed {
  /** Sessions of the migrator in this database. None: it never reached it, only others of the cluster if any. */
  connections: number;
  /** The first `maxKept` of them; of those that differ in their values only, one. */
  statements: Statement[];
  /** How many there were. */
  statementCount: number;
  locks: HeldLock[];
  rewrites: Rewrite[];
  scans: Scan[];
  migrations: MigrationCost[];
  errors: { message: string; code?: string; migration?: string; sql?: string; database?: string }[];
}

export interface Statement {
  /** The migration it belongs to; undefined for the migrator's own statements and those after the last one booked. */
  migration?: string;
  sql: string;
  /** Where it ran in another database of the cluster. What it locks, reads or rewrites there is not looked up. */
  database?: string;
  /** How often it was asked in its migration, where more than once: the numbers are the sums. */
  calls?: number;
  durationMs: number;
  /** When it began. */
  at: string;
  /** That it changed or gave back, where the server could count them. */
  rows?: number;
  walBytes?: number;
  tempBytes?: number;
}

export interface HeldLock {
  migration?: string;
  /** The how many-th it was of all that took a lock; what one takes it has until its end. */
  transaction: number;
  table: string;
  mode: LockMode;
  blocks: Blocked;
  sql: string;
  /** When the statement that took it began. */
  takenAt: string;
  /** The end of its transaction, or of the rehearsal. */
  releasedAt: string;
  heldMs: number;
  /** Of the statement that took it. */
  statementMs: number;
}

/** Whom a lock on a table makes wait. */
export type Blocked = 'reads and writes' | 'writes' | 'changes of the table' | 'nothing ordinary';

export interface Rewrite {
  migration?: string;
  table: string;
  reason: string;
  sizeBytes: number;
  sql: string;
}

/** A table read to its end, under its statement's lock. */
export interface Scan {
  migration?: string;
  table: string;
  why: 'to verify its rows' | 'to build an index' | 'to verify a foreign key';
  /** The index or constraint. */
  object?: string;
  sql: string;
}

export interface MigrationCost {
  migration: string;
  statements: number;
  /** Of its statements. */
  durationMs: number;
  walBytes?: number;
  rows: RowsChanged[];
  /** Tables, with their indexes, that are larger or smaller than before it; one that is gone by all of it. */
  growth?: { table: string; bytes: number }[];
}

export interface RowsChanged {
  table: string;
  inserted: number;
  updated: number;
  deleted: number;
}

/** What a lock blocks: the table of conflicts in https://www.postgresql.org/docs/17/explicit-locking.html#LOCKING-TABLES */
export function blockedBy(mode: LockMode): Blocked {
  const strength = lockModes.indexOf(mode);
  if (mode === 'AccessExclusiveLock') return 'reads and writes';
  if (strength >= lockModes.indexOf('ShareLock')) return 'writes';
  return mode === 'ShareUpdateExclusiveLock' ? 'changes of the table' : 'nothing ordinary';
}

/** The locks that readers or writers would wait for, the longest first. */
export function blockingLocks(locks: HeldLock[]): HeldLock[] {
  return locks
    .filter(({ blocks }) => blocks === 'writes' || blocks === 'reads and writes')
    .toSorted((a, b) => b.heldMs - a.heldMs);
}
