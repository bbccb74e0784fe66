import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { fingerprintOfSql } from './sql.ts';

const observeStatements = readFileSync(join(import.meta.dirname, '../../sql/observe/statements.sql'), 'utf8');

/** What a statement did in all of its calls, its values apart. */
export interface StatementCost {
  calls: number;
  rows: number;
  walBytes: number;
}

export interface StatementCosts {
  /** By query id, as the lines of the log carry it; as text, because it has 64 bits. */
  byId: ReadonlyMap<string, StatementCost>;
  /** By fingerprint: of several statements in one text the log has a single id. */
  byFingerprint: ReadonlyMap<string, StatementCost>;
}

/** On a server that has preloaded pg_stat_statements; beside sql/observe/observe.sql. */
export async function countStatements(client: pg.Client): Promise<void> {
  await client.query(observeStatements);
}

export async function readStatementCosts(client: pg.Client): Promise<StatementCosts> {
  const { rows } = await client.query<StatementCost & { id: string; query: string | null }>(
    `SELECT queryid::text AS id, query, calls::float8 AS calls, rows::float8 AS rows, wal_bytes::float8 AS "walBytes"
     FROM greenroom_observe.statements(true)
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND queryid IS NOT NULL`,
  );
  const [byId, byFingerprint] = [new Map<string, StatementCost>(), new Map<string, StatementCost>()];
  const add = (costs: typeof byId, key: string | undefined, { calls, rows, walBytes }: StatementCost) => {
    if (key === undefined) return;
    const known = costs.get(key) ?? { calls: 0, rows: 0, walBytes: 0 };
    costs.set(key, { calls: known.calls + calls, rows: known.rows + rows, walBytes: known.walBytes + walBytes });
  };
  for (const { id, query, ...cost } of rows) {
    add(byId, id, cost);
    add(byFingerprint, fingerprintOfSql(query ?? ''), cost);
  }
  return { byId, byFingerprint };
}
