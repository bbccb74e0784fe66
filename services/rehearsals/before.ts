import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type { ForeignKey } from './findings/deadlocks.ts';
import type { Before } from './observer.ts';
import type { Sizes } from './told.ts';

const catalog = (name: string) => readFileSync(join(import.meta.dirname, `../../sql/catalog/${name}.sql`), 'utf8');
const unindexed = catalog('unindexed-foreign-keys');

/** What a database is before its migrations run: the tables that somebody may use, and its size. With sql/observe/ in it. */
export async function readBefore(client: pg.Client, schema: string): Promise<Before & { bytes: number }> {
  const { rows } = await client.query<{ oid: number; name: string }>(
    `SELECT c.oid, n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v') AND c.oid >= 16384`,
  );
  const searchPath = [...new Set([schema, 'public'])];
  const sizes = (await client.query<{ sizes: Sizes | null }>('SELECT greenroom_observe.sizes()')).rows[0]!.sizes ?? {};
  const names = new Map(rows.map(({ oid, name }) => [oid, name]));
  return { database: client.database!, names, searchPath, sizes, ...(await readSize(client)) };
}

/** Bytes of the database, and of all WAL ever written. */
export async function readSize(client: pg.Client): Promise<{ bytes: number; lsn: number }> {
  const { rows } = await client.query<{ bytes: number; lsn: number }>(
    `SELECT pg_database_size(current_database())::float8 AS bytes,
       pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS lsn`,
  );
  return rows[0]!;
}

/** All of them, as they are before the migrations. */
export async function readForeignKeys(client: pg.Client): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `SELECT n.nspname || '.' || c.relname AS "table", m.nspname || '.' || r.relname AS "references", k.confdeltype AS "onDelete"
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace m ON m.oid = r.relnamespace WHERE k.contype = 'f'`,
  );
  return rows;
}

/** Foreign keys whose columns no index begins with. */
export async function readUnindexedForeignKeys(client: pg.Client): Promise<{ table: string; columns: string[] }[]> {
  return (await client.query<{ table: string; columns: string[] }>(unindexed)).rows;
}
