import type pg from 'pg';
import type { PlannedTable } from '../../masking/plan.ts';
import { CopyFailure } from './copy-table.ts';

/**
 * The columns that the target refused a value of, by the table's own names and never by what an error quotes: the one
 * that was being read (type, length, domain), the one that is NULL, or those of a constraint.
 */
export async function columnsIn(thrown: unknown, table: PlannedTable, target: pg.Client): Promise<string[]> {
  if (!(thrown instanceof CopyFailure) || thrown.end !== 'target') return [];
  const {
    where: context = '',
    column,
    constraint,
  } = thrown.cause as { where?: string; column?: string; constraint?: string };
  const names = table.columns.map(({ name }) => name);
  const read = names.filter((name) => readingOf(table.name, name).test(context));
  if (read.length > 0) return read.slice(-1);
  if (column !== undefined) return names.filter((name) => name === column);
  if (constraint === undefined) return [];
  const { rows } = await target
    .query<{ name: string }>(
      `SELECT a.attname AS name FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
     WHERE n.nspname = $1 AND c.relname = $2 AND k.conname = $3 ORDER BY a.attnum`,
      [table.schema, table.name, constraint],
    )
    .catch(() => ({ rows: [] }));
  return rows.map(({ name }) => name).filter((name) => names.includes(name));
}

/** `COPY customers, line 7, column email: "…"`: the value comes after the name. */
function readingOf(table: string, column: string): RegExp {
  return new RegExp(`^COPY ${escaped(table)}, line \\d+, column ${escaped(column)}(: |$)`);
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
