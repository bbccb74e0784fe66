import type pg from 'pg';
import { identifier } from '../quoting.ts';

/** How SeaORM's migrator is asked, and where it keeps its books. Another migrator would be another file like this. */

/** All pending migrations at once: what production runs. SeaORM 1.1 does it in one transaction. */
export const up = ['up'];
/** The next pending migration alone. */
export const upOne = ['up', '-n', '1'];
/** Takes the newest applied migration back. */
export const downOne = ['down', '-n', '1'];
/** Takes the newest so many back, one after the other. */
export const down = (count: number) => ['down', '-n', String(count)];
/** Lists what it knows. Makes its table where there is none, and fails when the table has a version it does not know. */
export const status = ['status'];

/** What an exit code means: https://docs.rs/sea-orm-migration, clap's usage errors, and Rust's panics. */
export function failureOf(exitCode: number): 'failed' | 'usage' | 'panicked' {
  return exitCode === 101 ? 'panicked' : exitCode === 2 ? 'usage' : 'failed';
}

/** The table in which it notes what it has applied. */
export const books = 'seaql_migrations';

/** The migrations the database says it has, in order. None when it has never been migrated. Reads only. */
export async function appliedMigrations(client: pg.Client, schema: string): Promise<string[]> {
  const name = `${identifier(schema)}.${identifier(books)}`;
  const { rows: found } = await client.query('SELECT to_regclass($1) IS NOT NULL AS present', [name]);
  if (!found[0].present) return [];
  const { rows } = await client.query<{ version: string }>(`SELECT version FROM ${name} ORDER BY version`);
  return rows.map(({ version }) => version);
}

/** Empties the books of a throwaway clone, so that `status` lists every version, whatever had been applied. */
export async function forgetMigrations(client: pg.Client, schema: string): Promise<void> {
  const name = `${identifier(schema)}.${identifier(books)}`;
  const { rows: found } = await client.query('SELECT to_regclass($1) IS NOT NULL AS present', [name]);
  if (found[0].present) await client.query(`DELETE FROM ${name}`);
}

/** The versions that `status` printed, in the order in which it would run them. */
export function versionsOf(output: string): string[] {
  return [...output.matchAll(/Migration '([^']+)'\.\.\. (?:Applied|Pending)/g)].map(([, version]) => version!);
}

/** The migration that a line of its output says it begins with, or begins to take back. */
export function begunMigration(line: string): string | undefined {
  return /(?:Applying|Rolling back) migration '([^']+)'/.exec(line)?.[1];
}

/** Whether it failed because a statement's `lock_timeout` was up: the server's words, or its code. */
export function waitedTooLong(output: string): boolean {
  return /lock timeout|55P03/.test(output);
}

/** The version whose end a statement writes into the books, from the parameters in the log's detail. */
export function bookedMigration(sql: string, detail: string | undefined): string | undefined {
  if (!sql.includes(books) || !/^\s*insert/i.test(sql)) return undefined;
  return /\$1 = '([^']+)'/.exec(detail ?? '')?.[1] ?? /VALUES \('([^']+)'/i.exec(sql)?.[1];
}

/** Whether a failed `down` says that nobody wrote one: the message of the trait's default. */
export function hasNoDown(output: string): boolean {
  return output.includes("We Don't Do That Here");
}
