import type { ColumnMask, RowMask } from './row.ts';
import { append, reserve, type Sink } from './sink.ts';

/** Of a field: how many bytes follow, in four bytes; NULL is -1, and none. */
const lengthBytes = 4;
const nullLength = -1;
const nothing = Buffer.alloc(0);

/** What came is no row of the columns that were asked for, which a server never sends. */
export class UnreadableRow extends Error {}

/**
 * The same as `createRowMask` for COPY's binary format (https://www.postgresql.org/docs/17/sql-copy.html#SQL-COPY-FILE-FORMATS),
 * in which a row is the number of its fields, in two bytes, and the fields. Masked ones must be of a type whose binary form
 * is what it prints, as text's is: the audit, too, takes it for that.
 */
export function createBinaryRowMask(columns: readonly ColumnMask[]): RowMask {
  return (row, start, end, out) => {
    reserve(out, end - start);
    if (end - start < 2 || ((row[start]! << 8) | row[start + 1]!) !== columns.length) throw new UnreadableRow();
    let index = start + 2;
    let keptFrom = start;
    for (const column of columns) {
      if (index + lengthBytes > end) throw new UnreadableRow();
      const length = lengthAt(row, index);
      const from = index + lengthBytes;
      const to = from + Math.max(length, 0);
      if (length < nullLength || to > end) throw new UnreadableRow();
      if (column.technique !== 'keep' && length !== nullLength) {
        append(out, row, keptFrom, index);
        maskField(column, row, from, to, out);
        keptFrom = to;
      }
      index = to;
    }
    if (index !== end) throw new UnreadableRow();
    append(out, row, keptFrom, end);
  };
}

function maskField(
  column: Exclude<ColumnMask, { technique: 'keep' }>,
  row: Buffer,
  from: number,
  to: number,
  out: Sink,
): void {
  reserve(out, lengthBytes);
  const at = out.at;
  out.at += lengthBytes;
  if (column.technique === 'fixed') append(out, column.value ?? nothing);
  else if (to > from) column.mask(row, from, to, out);
  const isNull = column.technique === 'fixed' && column.value === null;
  // In the buffer that there is now: what was written may have needed a larger one.
  writeLength(out.bytes, at, isNull ? nullLength : out.at - at - lengthBytes);
}

function lengthAt(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function writeLength(bytes: Buffer, at: number, length: number): void {
  bytes[at] = length >> 24;
  bytes[at + 1] = length >> 16;
  bytes[at + 2] = length >> 8;
  bytes[at + 3] = length;
}
