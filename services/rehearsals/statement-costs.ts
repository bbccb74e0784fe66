import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';

const observeStatements = readFileSync(join(import.meta.dirname, '../../sql/observe/statements.sql'), 'utf8');

/** What a statement did in all of its calls, its values apart. */
export interface StatementCost {
  calls: number;
  rows: number;
  walBytes: number;
}

/** By query id, as the lines of the log carry it; as text, because it has 64 bits. */
export type StatementCosts = ReadonlyMap<string, StatementCost>;

/** On a server that has preloaded pg_stat_statements; beside sql/observe/observe.sql. */
export async function countStatements(client: pg.Client): Promise<void> {
  await client.query(observeStatements);
}

export async function readStatementCosts(client: pg.Client): Promise<StatementCosts> {
  const { rows } = await client.query<StatementCost & { id: string }>(
    `SELECT queryid::text AS id, sum(calls)::float8 AS calls, sum(rows)::float8 AS rows, sum(wal_bytes)::float8 AS "walBytes"
     FROM greenroom_observe.statements(false)
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND queryid IS NOT NULL GROUP BY 1`,
  );
  return new Map(rows.map(({ id, ...cost }) => [id, cost]));
}
