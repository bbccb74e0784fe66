import { maskElements } from './array.ts';
import { remember } from './cache.ts';
import { escapeCopy } from './copy-text.ts';
import type { Materials } from './kind.ts';
import { kinds } from './kinds/index.ts';
import type { PlannedColumn, PlannedTable } from './plan.ts';
import { isKeep } from './policy.ts';
import { type ColumnMask, createRowMask, type RowMask } from './row.ts';
import { createSink } from './sink.ts';

/** What masks the rows of a planned table, in the order of its columns. */
export function createTableMask(materials: Materials, table: Pick<PlannedTable, 'columns'>): RowMask {
  return createRowMask(table.columns.map((column) => columnMaskOf(materials, column)));
}

function columnMaskOf(materials: Materials, column: PlannedColumn): ColumnMask {
  const { rule, place, isArray } = column;
  if (isKeep(rule)) return { technique: 'keep' };
  if (rule.mask === 'null') return { technique: 'fixed', field: Buffer.from('\\N') };
  if (rule.mask === 'constant') return { technique: 'fixed', field: escaped(String(rule.value)) };
  let mask = materials.mask(rule, place);
  if (place.type === 'citext') mask = inLowerCase(mask);
  if (isArray) return { technique: 'mask', mask: maskElements(mask), needsEscape: true };
  const needsEscape = kinds[rule.mask]!.needsEscape ?? false;
  return { technique: 'mask', mask: needsEscape ? mask : remember(mask), needsEscape };
}

/** citext compares without regard to case, so the same person in another case has to come out the same. */
function inLowerCase(mask: ReturnType<Materials['mask']>): ReturnType<Materials['mask']> {
  return (bytes, start, end, out) => {
    const lower = Buffer.from(bytes.toString('utf8', start, end).toLowerCase());
    mask(lower, 0, lower.length, out);
  };
}

function escaped(value: string): Buffer {
  const bytes = Buffer.from(value);
  const sink = createSink(bytes.length * 2 + 1);
  escapeCopy(bytes, 0, bytes.length, sink);
  return sink.bytes.subarray(0, sink.at);
}
