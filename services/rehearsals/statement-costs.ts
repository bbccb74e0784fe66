import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type { Statement } from './observed.ts';
import { fingerprintOfSql, type ParsedStatement, parseSql } from './sql.ts';

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

/** Of these the server counts rows. */
const withRows = /^(Select|Insert|Update|Delete|Merge|Copy|CreateTableAs)Stmt$/;

export function countsRows({ type }: ParsedStatement): boolean {
  return withRows.test(type);
}

/** Statements, with what the server counts each by. */
export function countedStatements() {
  const ids = new Map<Statement, string>();
  /** Of those that are several in one text, each by its fingerprint, and whether its rows count. */
  const texts = new Map<Statement, { fingerprint: string; counted: boolean }[]>();
  return {
    /** @param id of one statement alone */
    keep(statement: Statement, parsed: readonly ParsedStatement[], id: string | undefined): void {
      if (id) ids.set(statement, id);
      if (parsed.length < 2) return;
      const parts = parsed.map((one) => ({ fingerprint: fingerprintOfSql(one.text) ?? '', counted: countsRows(one) }));
      texts.set(statement, parts);
    },
    /** What was asked in several migrations, or texts, is left out: it is not known which of them did how much. */
    add({ byId, byFingerprint }: StatementCosts): void {
      for (const [statement, id] of ids) {
        const cost = byId.get(id);
        if (!cost || cost.calls !== (statement.calls ?? 1)) continue;
        statement.walBytes ??= cost.walBytes;
        const [parsed] = parseSql(statement.sql);
        if (parsed && countsRows(parsed)) statement.rows = cost.rows;
      }
      for (const [statement, parts] of texts) {
        const fingerprints = Map.groupBy(parts, ({ fingerprint }) => fingerprint);
        const found = [...fingerprints].flatMap(([fingerprint, alike]) => {
          const cost = byFingerprint.get(fingerprint);
          return cost?.calls === alike.length ? [{ ...cost, counted: alike[0]!.counted }] : [];
        });
        if (found.length < fingerprints.size) continue;
        const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
        statement.walBytes = sum(found.map(({ walBytes }) => walBytes));
        const counted = found.filter((one) => one.counted);
        if (counted.length > 0) statement.rows = sum(counted.map(({ rows }) => rows));
      }
    },
  };
}
