import type { components } from '../../../openapi/types.ts';
import type { PlannedTable } from '../plan/plan.ts';
import { isKeep } from '../policy/rule.ts';
import { unescapeCopy } from './copy-text.ts';
import type { RowMask } from './row.ts';
import { createSink } from './sink.ts';

type Schemas = components['schemas'];

/** Rows as a snapshot would hold them, column by column in the plan's order. */
export interface MaskedRows {
  columns: { values: number; changed: number }[];
  rows: (string | null)[][];
}

/** Stands for a value that its mask left as it was: an original is not shown. */
const unchanged = '(unchanged)';
const longestShown = 500;
const newline = 0x0a;
const tab = 0x09;

/** Masks rows in COPY's text format, in memory, and tells per column how many values changed. */
export function maskCopied(copied: Buffer, table: PlannedTable, mask: RowMask): MaskedRows {
  const columns = table.columns.map(() => ({ values: 0, changed: 0 }));
  const rows: (string | null)[][] = [];
  for (let start = 0; start < copied.length; ) {
    const end = copied.indexOf(newline, start) + 1;
    const out = createSink(end - start + 256);
    mask(copied, start, end, out);
    const originals = fieldsOf(copied.subarray(start, end), table.columns.length);
    const masked = fieldsOf(out.bytes.subarray(0, out.at), table.columns.length);
    rows.push(
      masked.map((field, index) => {
        const original = originals[index]!;
        if (original !== null) columns[index]!.values++;
        if (field !== original) columns[index]!.changed++;
        else if (field !== null && !isKeep(table.columns[index]!.rule)) return unchanged;
        return field !== null && field.length > longestShown ? `${field.slice(0, longestShown)}…` : field;
      }),
    );
    start = end;
  }
  return { columns, rows };
}

/** The fields of a row as text, NULL as null. */
function fieldsOf(row: Buffer, count: number): (string | null)[] {
  const fields: (string | null)[] = [];
  for (let start = 0; fields.length < count; ) {
    const next = row.indexOf(tab, start);
    const end = next < 0 ? row.length - 1 : next;
    const sink = createSink(end - start + 1);
    unescapeCopy(row, start, end, sink);
    const isNull = end - start === 2 && row[start] === 0x5c && row[start + 1] === 0x4e;
    fields.push(isNull ? null : sink.bytes.toString('utf8', 0, sink.at));
    start = end + 1;
  }
  return fields;
}

/** What happens to each column, beside how many values changed. */
export function previewColumns(table: PlannedTable, typeOf: (column: string) => string): Schemas['PreviewedColumn'][] {
  return table.columns.map(({ name, rule }) =>
    isKeep(rule)
      ? { name, type: typeOf(name), technique: 'keep', reason: rule.keep, values: 0, changed: 0 }
      : { name, type: typeOf(name), technique: rule.mask, values: 0, changed: 0 },
  );
}
