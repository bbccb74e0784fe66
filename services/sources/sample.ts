import type pg from 'pg';
import type { CatalogColumn } from '../masking/catalog.ts';
import { identifier } from '../quoting.ts';
import type { SourceTable } from './catalog.ts';
import { awaitPace, type Pace } from './pace.ts';

const pageBytes = 8192;
/** A table of so many bytes is read from its first page on; of a larger one, pages here and there. */
const smallBytes = 4 << 20;
const sampledRows = 2000;
const sampledPages = { least: 32, most: 400 };
/** Of a table, as text; of one value that is stored in so many, none. */
const tableBytes = 4 << 20;
const valueBytes = 64 << 10;
/** Rows a round trip: few at first; more when those were short, because the way to a source may be long. */
const fetched = { first: 50, most: 500, bytes: 512 << 10 };

/**
 * Where a sample of a table's rows comes from: the whole of a small one, random pages of a larger one, so that what it
 * costs the source does not grow with the table. The second is for when the first, by bad luck, has none.
 */
export function sampledFrom(table: SourceTable, rows: number): string[] {
  const name = `ONLY ${identifier(table.schema)}.${identifier(table.name)}`;
  if (table.heapBytes <= smallBytes) return [name];
  const pages = table.heapBytes / pageBytes;
  const rowsInPage = Math.max(1, table.estimatedRows / pages);
  const wanted = Math.min(sampledPages.most, Math.max(sampledPages.least, Math.ceil((rows * 1.2) / rowsInPage)));
  const percent = ((100 * wanted) / pages).toFixed(6);
  return [`${name} TABLESAMPLE SYSTEM (${percent})`, `${name} WHERE ctid < '(${sampledPages.most},0)'`];
}

/**
 * Reads a bounded sample of a table's rows, values as text and arrays as JSON; values are cut off where they are long
 * and NULL where they are large.
 *
 * @returns how many rows were read. @throws the driver's errors; the transaction goes on.
 */
export async function readSample(
  client: pg.Client,
  table: SourceTable,
  columns: readonly CatalogColumn[],
  pace: Pace | undefined,
  onRow: (values: (string | null)[]) => void,
): Promise<number> {
  if (columns.length === 0) return 0;
  // Fifty of the longest rows are no more than is read of a table.
  const cut = Math.max(64, Math.min(8192, Math.floor(tableBytes / fetched.first / columns.length)));
  const list = columns.map((column) => textOf(column, cut)).join(', ');
  for (const from of sampledFrom(table, sampledRows)) {
    const rows = await readRows(client, `SELECT ${list} FROM ${from} LIMIT ${sampledRows}`, pace, onRow);
    if (rows > 0) return rows;
  }
  return 0;
}

async function readRows(
  client: pg.Client,
  select: string,
  pace: Pace | undefined,
  onRow: (values: (string | null)[]) => void,
): Promise<number> {
  await client.query('SAVEPOINT sample');
  try {
    await client.query(`DECLARE sample NO SCROLL CURSOR FOR ${select}`);
    let rows = 0;
    for (let bytes = 0, wanted = fetched.first; bytes < tableBytes; ) {
      const query = { text: `FETCH ${wanted} FROM sample`, rowMode: 'array' as const };
      const { rows: found } = await client.query<(string | null)[]>(query);
      for (const row of found) onRow(row);
      const size = found.flat().reduce((sum, value) => sum + (value?.length ?? 0), 0);
      rows += found.length;
      bytes += size;
      if (pace) await awaitPace(pace, size);
      if (found.length < wanted) break;
      wanted = Math.max(fetched.first, Math.min(fetched.most, Math.floor(fetched.bytes / ((bytes + 1) / rows))));
    }
    // Not released alone, which would keep the table's lock to the end of the transaction.
    await client.query('ROLLBACK TO sample; RELEASE sample');
    return rows;
  } catch (error) {
    await client.query('ROLLBACK TO sample; RELEASE sample').catch(() => {});
    throw error;
  }
}

/**
 * The stored size is asked first: it is known without fetching a large value from where it is kept aside. `concat` prints
 * as COPY does, where a cast may be a function of the source's own.
 */
function textOf({ name, isArray }: CatalogColumn, cut: number): string {
  const column = identifier(name);
  const text = isArray ? `to_json(${column})::text` : `concat(${column})`;
  return `CASE WHEN pg_column_size(${column}) <= ${valueBytes} THEN left(${text}, ${cut}) END`;
}
