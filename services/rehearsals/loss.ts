import type pg from 'pg';
import { identifier } from '../quoting.ts';
import { quotedTable } from './sql.ts';

/** What `down` does to rows: their values, column by column, before `up` and after `down`. */

export interface Loss {
  table: string;
  /** It is not there any more, and its rows with it. */
  gone?: true;
  rowsLost?: number;
  /** Columns whose values are not what they were; `valuesLost` is how many are null now and were not. */
  columns?: { column: string; valuesLost: number }[];
}

/** Of a table: rows, and of each column how many values it has and what they add up to, in any order. */
export type TableContent = { rows: number; columns: Record<string, { values: number; hash: string }> } | undefined;

/** @param tables `schema.table`; one that is not there has no content. */
export async function readTables(client: pg.Client, tables: string[]): Promise<Record<string, TableContent>> {
  const content: Record<string, TableContent> = {};
  for (const table of tables) content[table] = await readTable(client, table);
  return content;
}

async function readTable(client: pg.Client, table: string): Promise<TableContent> {
  const name = quotedTable(table);
  const { rows: columns } = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
     ORDER BY attnum`,
    [name],
  );
  if (columns.length === 0) return undefined;
  const sums = columns.map(
    ({ name: column }) =>
      `count(${identifier(column)})::float8, coalesce(sum(hashtextextended(${identifier(column)}::text, 0)), 0)::text`,
  );
  const { rows } = await client.query<(number | string)[]>({
    text: `SELECT count(*)::float8, ${sums.join(', ')} FROM ${name}`,
    rowMode: 'array',
  } as never);
  const [count, ...values] = rows[0]!;
  return {
    rows: count as number,
    columns: Object.fromEntries(
      columns.map(({ name: column }, index) => [
        column,
        { values: values[2 * index] as number, hash: values[2 * index + 1] as string },
      ]),
    ),
  };
}

/** What is not as it was; nothing when every row has its values again. */
export function lossBetween(before: Record<string, TableContent>, after: Record<string, TableContent>): Loss[] {
  return Object.entries(before).flatMap(([table, was]): Loss[] => {
    const is = after[table];
    if (!was) return [];
    if (!is) return [{ table, gone: true, rowsLost: was.rows }];
    const columns = Object.entries(was.columns).flatMap(([column, { values, hash }]) => {
      const now = is.columns[column];
      if (now?.hash === hash && now.values === values) return [];
      return [{ column, valuesLost: Math.max(0, values - (now?.values ?? 0)) }];
    });
    const rowsLost = was.rows - is.rows;
    if (rowsLost === 0 && columns.length === 0) return [];
    return [{ table, ...(rowsLost === 0 ? {} : { rowsLost }), ...(columns.length > 0 ? { columns } : {}) }];
  });
}
