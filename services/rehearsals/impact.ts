import { setTimeout as sleep } from 'node:timers/promises';
import type { MigratorRun } from '../migrations/run-migrator.ts';
import type { Asked } from './asked.ts';
import type { RehearsalClone } from './clone.ts';
import { quotedTable } from './sql.ts';
import { type AskedImpact, type Sessions, startWorkload, type TableImpact } from './workload.ts';

/** What the exact command does to others: a list of locks is not an impact. */
export interface Impact {
  /** How long the open transaction went on once the migrations waited for it; 0 when they never did. */
  idleReaderMs: number;
  /** The longest that any query on any table took. */
  longestStallMs: number;
  tables: TableImpact[];
  workload: AskedImpact[];
}

/** More tables than this are not asked; those that are locked the longest come first. */
const maxTables = 8;
/** A report that somebody forgot to close, or a page that is slow. */
const idleReaderMs = 1000;
const pollMs = 20;
const settleMs = 200;

/**
 * Runs the migrations while readers and writers use the tables that they lock, and one transaction that has read them
 * all stays open until it has made them wait for a second: whoever asks after them waits too. The project's
 * own statements run beside them.
 */
export async function measureImpact(
  clone: RehearsalClone,
  { locked, asked, becomeApplication }: { locked: string[]; asked: Asked[] } & Pick<Sessions, 'becomeApplication'>,
  migrate: () => Promise<MigratorRun>,
): Promise<Impact & { run: MigratorRun }> {
  const tables = locked.slice(0, maxTables);
  const { connect } = clone;
  const workload = await startWorkload({ connect, becomeApplication }, tables, asked);
  try {
    await sleep(settleMs);
    const reader = await openReader(clone, tables);
    let ended = false;
    // Both to their end, whichever fails: neither may go on behind the other's back.
    const [run, waited] = await Promise.allSettled([
      migrate().finally(() => {
        ended = true;
      }),
      letItWait(clone, () => ended).finally(() => reader.end().catch(() => {})),
    ]);
    if (run.status === 'rejected') throw run.reason;
    if (waited.status === 'rejected') throw waited.reason;
    await sleep(settleMs);
    const impacts = await workload.stop();
    const longest = [
      ...impacts.tables.flatMap(({ reads, writes }) => [reads.longestMs, writes?.longestMs ?? 0]),
      ...impacts.workload.map(({ fared }) => fared?.longestMs ?? 0),
    ];
    return { run: run.value, idleReaderMs: waited.value, longestStallMs: Math.max(0, ...longest), ...impacts };
  } finally {
    await workload.stop().catch(() => {});
  }
}

async function openReader(clone: RehearsalClone, tables: string[]) {
  const client = await clone.connect();
  await client.query('BEGIN');
  for (const table of tables) {
    await client.query(`SELECT FROM ${quotedTable(table)} LIMIT 1`);
  }
  return client;
}

/** @returns for how long the migrator's session was let wait for a lock, in ms. */
async function letItWait(clone: RehearsalClone, ended: () => boolean): Promise<number> {
  const client = await clone.connect();
  let since: number | undefined;
  try {
    while (!ended()) {
      const { rows } = await client.query<{ waits: boolean }>(
        `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE client_addr = $1 AND wait_event_type = 'Lock') AS waits`,
        [clone.onNetworkOf!.address],
      );
      if (rows[0]!.waits) since ??= performance.now();
      const waited = since === undefined ? 0 : performance.now() - since;
      if (waited >= idleReaderMs) return Math.round(waited);
      await sleep(pollMs);
    }
    return 0;
  } finally {
    await client.end();
  }
}
