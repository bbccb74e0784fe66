import type { Mask, Subject } from '../kind.ts';
import { escapeCopy, unescapeCopy } from './copy-text.ts';
import { append, createSink, reserve, type Sink } from './sink.ts';

/** Which of COPY's formats rows are in (https://www.postgresql.org/docs/17/sql-copy.html#SQL-COPY-FILE-FORMATS). */
export type CopyFormat = 'text' | 'binary';

/** What happens to one column of a row. */
export type ColumnMask =
  | { technique: 'keep' }
  /** Replaces every value by one, as its type prints it, or by NULL; NULL stays NULL. */
  | { technique: 'fixed'; value: Buffer | null }
  | { technique: 'mask'; mask: Mask; needsEscape: boolean };

/** Who a row is about: what stands at a position among its columns, or all of it. `field` is filled for each row. */
export interface RowSubject {
  position: number | 'row';
  field: Subject;
}

/** Masks one row as COPY has it, in the text format with its newline, and appends it to `out`. */
export type RowMask = (row: Buffer, start: number, end: number, out: Sink) => void;

const otherColumns = 'A row does not have the columns that were asked for';
const tab = 0x09;
const newline = 0x0a;
const backslash = 0x5c;
const upperN = 0x4e;

/**
 * Looks at every byte of a row once. Fields that stay are passed on as they are, in one piece with their neighbours;
 * only those of masked columns are unescaped, and only where a backslash shows that there is something to do.
 */
export function createRowMask(columns: readonly ColumnMask[], subjects: readonly RowSubject[] = []): RowMask {
  const plain = createSink(4096);
  const masked = createSink(4096);
  const masks = columns.map((column) =>
    column.technique === 'fixed' ? { ...column, field: fieldOf(column.value) } : column,
  );

  const maskField = (
    column: (typeof masks)[number],
    row: Buffer,
    start: number,
    end: number,
    escaped: boolean,
    out: Sink,
  ) => {
    if (isNull(row, start, end) || column.technique === 'keep') return append(out, row, start, end);
    if (column.technique === 'fixed') return append(out, column.field);
    if (start === end) return;
    let from = row;
    let fromStart = start;
    let fromEnd = end;
    if (escaped) {
      plain.at = 0;
      unescapeCopy(row, start, end, plain);
      from = plain.bytes;
      fromStart = 0;
      fromEnd = plain.at;
    }
    if (!column.needsEscape) return column.mask(from, fromStart, fromEnd, out);
    masked.at = 0;
    column.mask(from, fromStart, fromEnd, masked);
    escapeCopy(masked.bytes, 0, masked.at, out);
  };

  return (row, start, end, out) => {
    reserve(out, end - start);
    if (subjects.length > 0) findSubjects(subjects, row, start, end);
    let index = start;
    let keptFrom = start;
    for (const column of masks) {
      if (index >= end) throw new Error(otherColumns);
      const fieldStart = index;
      let escaped = false;
      let byte = row[index]!;
      while (byte !== tab && byte !== newline) {
        if (byte === backslash) escaped = true;
        byte = row[++index]!;
      }
      if (column.technique !== 'keep') {
        append(out, row, keptFrom, fieldStart);
        maskField(column, row, fieldStart, index, escaped, out);
        keptFrom = index;
      }
      index++;
    }
    // A table without columns, or with generated ones only, has empty lines.
    if (index !== end && columns.length > 0) throw new Error(otherColumns);
    append(out, row, keptFrom, end);
  };
}

function fieldOf(value: Buffer | null): Buffer {
  if (value === null) return Buffer.from('\\N');
  const sink = createSink(value.length * 2 + 1);
  escapeCopy(value, 0, value.length, sink);
  return sink.bytes.subarray(0, sink.at);
}

function isNull(row: Buffer, start: number, end: number): boolean {
  return end - start === 2 && row[start] === backslash && row[start + 1] === upperN;
}

/** A subject may stand behind the column that is masked by it, so it is looked for first. */
function findSubjects(subjects: readonly RowSubject[], row: Buffer, start: number, end: number): void {
  for (const { position, field } of subjects) {
    field.bytes = row;
    field.start = start;
    field.end = end - 1;
    if (position === 'row') continue;
    for (let column = 0; column < position; column++) field.start = row.indexOf(tab, field.start) + 1;
    let at = field.start;
    while (row[at] !== tab && at < end - 1) at++;
    field.end = isNull(row, field.start, at) ? field.start : at;
  }
}
