import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { identifier } from '../quoting.ts';
import type { Asked } from './asked.ts';
import { quotedTable } from './sql.ts';

/** What applications do to a table while its migration runs, made from its keys: a reader and a writer, one row at a time. */

/** How one kind of query fared. */
export interface Fared {
  count: number;
  /** Of any of them. */
  longestMs: number;
  /** Took 100 ms or more. */
  blocked: number;
  /** Given up after `queryTimeoutMs`. */
  timedOut: number;
  /** Refused by the database, with the first reason: the running release would see it. */
  failed: number;
  /** Of those, how many Postgres gave up to end a deadlock. */
  deadlocks: number;
  firstError?: string;
}

export interface TableImpact {
  table: string;
  reads: Fared;
  /** Undefined where nothing could be written: a view, a table without a row. */
  writes?: Fared;
}

/** How a statement of the project's own fared. */
export interface AskedImpact {
  name: string;
  fared?: Fared;
  /** Why it fails before the migrations begin; it is not asked again. */
  failsBefore?: string;
}

const queryTimeoutMs = 30_000;
const blockedMs = 100;
const everyMs = 10;

export interface Workload {
  /** Lets each query in flight end, and says how all of them fared. */
  stop(): Promise<{ tables: TableImpact[]; workload: AskedImpact[] }>;
}

/** Who connects, and makes a session the application's. */
export interface Sessions {
  connect(): Promise<pg.Client>;
  becomeApplication(client: pg.Client): Promise<void>;
}

/** @param tables `schema.table` @param asked the project's own statements */
export async function startWorkload(
  { connect, becomeApplication }: Sessions,
  tables: string[],
  asked: Asked[],
): Promise<Workload> {
  const clients: pg.Client[] = [];
  const running: Promise<void>[] = [];
  let going = true;
  const open = async () => {
    const client = await connect();
    clients.push(client);
    await client.query(`SET statement_timeout = ${queryTimeoutMs}`);
    return client;
  };
  const repeat = (client: pg.Client, queries: string[]): Fared => {
    const fared: Fared = { count: 0, longestMs: 0, blocked: 0, timedOut: 0, failed: 0, deadlocks: 0 };
    const loop = async () => {
      while (going) {
        await ask(client, queries[fared.count % queries.length]!, fared);
        await sleep(everyMs);
      }
    };
    running.push(loop());
    return fared;
  };
  try {
    const impacts: TableImpact[] = [];
    for (const table of tables) {
      const reader = await open();
      const { reads, writes } = await queriesFor(reader, table);
      impacts.push({
        ...{ table, reads: repeat(reader, reads) },
        ...(writes.length > 0 ? { writes: repeat(await open(), writes) } : {}),
      });
    }
    const workload: AskedImpact[] = [];
    for (const { name, sql } of asked) {
      const client = await open();
      await becomeApplication(client);
      const failsBefore = await client.query(sql).then(
        () => undefined,
        (error: Error) => error.message,
      );
      workload.push(failsBefore === undefined ? { name, fared: repeat(client, [sql]) } : { name, failsBefore });
    }
    return {
      async stop() {
        going = false;
        await Promise.all(running);
        await Promise.all(clients.map((client) => client.end()));
        return { tables: impacts, workload };
      },
    };
  } catch (error) {
    going = false;
    await Promise.allSettled(running);
    await Promise.allSettled(clients.map((client) => client.end()));
    throw error;
  }
}

async function ask(client: pg.Client, sql: string, fared: Fared): Promise<void> {
  const startedAt = performance.now();
  try {
    await client.query(sql);
  } catch (error) {
    // 57014: query_canceled, which is what a statement_timeout does.
    const { code } = error as { code?: string };
    if (code === '57014') fared.timedOut += 1;
    else {
      fared.failed += 1;
      // 40P01: deadlock_detected.
      if (code === '40P01') fared.deadlocks += 1;
      fared.firstError ??= (error as Error).message;
    }
  }
  const ms = Math.round(performance.now() - startedAt);
  fared.count += 1;
  fared.longestMs = Math.max(fared.longestMs, ms);
  if (ms >= blockedMs) fared.blocked += 1;
}

const sampled = 50;

/** One query for each of some rows, by key where there is one. A write sets a column to what it is. */
async function queriesFor(client: pg.Client, table: string): Promise<{ reads: string[]; writes: string[] }> {
  const name = quotedTable(table);
  const { rows: found } = await client.query<{ kind: string; key: string[] | null; plain: string | null }>(
    `SELECT c.relkind AS kind,
       (SELECT array_agg(a.attname::text ORDER BY k.place) FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE i.indrelid = c.oid AND i.indisprimary) AS key,
       (SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '' ORDER BY a.attidentity <> '', a.attnum DESC LIMIT 1) AS plain
     FROM pg_class c WHERE c.oid = to_regclass($1)`,
    [name],
  );
  const { kind, key, plain } = found[0]!;
  const columns = key?.map(identifier);
  const select = columns ? columns.map((column) => `quote_literal(${column})`).join(`, `) : 'quote_literal(ctid)';
  if (!columns && kind !== 'r') return { reads: [`SELECT * FROM ${name} LIMIT 1`], writes: [] };
  const { rows } = await client.query<string[]>({
    text: `SELECT ${select} FROM ${name} LIMIT ${sampled}`,
    rowMode: 'array',
  } as never);
  const places = rows.map((values) =>
    (columns ?? ['ctid']).map((column, index) => `${column} = ${values[index]}`).join(' AND '),
  );
  if (places.length === 0) return { reads: [`SELECT * FROM ${name} LIMIT 1`], writes: [] };
  return {
    reads: places.map((place) => `SELECT * FROM ${name} WHERE ${place}`),
    writes: plain
      ? places.map((place) => `UPDATE ${name} SET ${identifier(plain)} = ${identifier(plain)} WHERE ${place}`)
      : [],
  };
}
