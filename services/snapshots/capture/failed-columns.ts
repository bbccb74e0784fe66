import type pg from 'pg';
import { identifier } from '../../quoting.ts';
import type { CopyTask } from './copy-table.ts';

interface CopyError {
  column?: string;
  constraint?: string;
  /** `COPY t, line 3, column email: "…"`, with the value in it. */
  where?: string;
}

/**
 * Which columns a row was refused for: the server names one, or has one in the context of its COPY, or names a constraint
 * of several. Nothing but names of columns that are copied is taken from what the server says.
 */
export async function columnsAt(error: unknown, task: CopyTask, target: pg.Client): Promise<string[]> {
  const { column, constraint, where = '' } = error as CopyError;
  if (column !== undefined && task.columns.includes(column)) return [column];
  const context = where.slice(`COPY ${task.table}`.length).match(/^, line \d+, column (.*)/s)?.[1];
  const inContext = task.columns.filter((name) => context === name || context?.startsWith(`${name}: `));
  // Of `a` and `a: b` the longer is meant.
  if (inContext.length > 0) return [inContext.reduce((one, other) => (other.length > one.length ? other : one))];
  if (constraint === undefined) return [];
  const found = await target
    .query<{ name: string }>(
      `SELECT a.attname AS name FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
       WHERE k.conrelid = $1::regclass AND k.conname = $2 ORDER BY a.attnum`,
      [`${identifier(task.schema)}.${identifier(task.table)}`, constraint],
    )
    // Only what is said more is lost with it.
    .catch(() => ({ rows: [] }));
  return found.rows.map(({ name }) => name);
}
