import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type pg from 'pg';
import { databaseProblem } from './away.ts';

const folder = join(import.meta.dirname, '../../sql/queries');

const texts = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => [basename(file, '.sql'), readFileSync(join(folder, file), 'utf8')]),
);

/** A pool, or a client in a transaction. */
export type Database = Pick<pg.Pool, 'query'>;

/**
 * Runs a named query of sql/queries/, prepared once on each connection, and returns its rows.
 * @throws DatabaseAway, or what the server answered
 */
export async function query<Row extends object>(
  database: Database,
  name: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const text = texts.get(name);
  if (text === undefined) throw new Error(`There is no sql/queries/${name}.sql`);
  try {
    return (await database.query<Row & pg.QueryResultRow>({ name, text, values })).rows;
  } catch (error) {
    throw databaseProblem(error);
  }
}

/** The same for a query that returns at most one row. */
export async function queryOne<Row extends object>(
  database: Database,
  name: string,
  values: unknown[] = [],
): Promise<Row | undefined> {
  return (await query<Row>(database, name, values))[0];
}
