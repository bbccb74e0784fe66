import { unescapeCopy } from '../../masking/rows/copy-text.ts';
import { createSink } from '../../masking/rows/sink.ts';
import { dumpDamaged } from './errors.ts';
import { type DumpRows, readRows } from './rows.ts';

const tab = 0x09;
const newline = 0x0a;

/**
 * The different values of a column in the rows of a dump, as COPY prints them; NULL is none.
 * @param most it stops at so many
 * @throws Problem `dump-invalid`, or the signal's reason
 */
export async function valuesIn(
  rows: DumpRows,
  table: { schema: string; table: string },
  column: string,
  most: number,
  signal: AbortSignal,
): Promise<Set<string>> {
  const values = new Set<string>();
  const name = `${table.schema}.${table.table}`;
  const place = rows.tables.get(name)?.columns.indexOf(column) ?? -1;
  if (place < 0) return values;
  const plain = createSink(4096);
  for await (const row of linesOf(readRows(rows, table))) {
    signal.throwIfAborted();
    const field = fieldAt(row, place);
    if (!field) throw dumpDamaged('a row has fewer fields than its table', name);
    if (field.equals(nothing)) continue;
    plain.at = 0;
    unescapeCopy(field, 0, field.length, plain);
    values.add(plain.bytes.toString('utf8', 0, plain.at));
    if (values.size >= most) break;
  }
  return values;
}

const nothing = Buffer.from('\\N');

/** Rows without their newlines. A tab or newline in a value is escaped. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const piece = chunk.subarray(start, end);
      yield begun.length > 0 ? Buffer.concat([...begun, piece]) : piece;
      begun = [];
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
}

function fieldAt(row: Buffer, place: number): Buffer | undefined {
  let start = 0;
  for (let index = 0; index < place; index++) {
    const end = row.indexOf(tab, start);
    if (end < 0) return undefined;
    start = end + 1;
  }
  const end = row.indexOf(tab, start);
  return row.subarray(start, end < 0 ? row.length : end);
}
