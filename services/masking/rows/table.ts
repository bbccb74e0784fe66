import { tableName } from '../catalog.ts';
import type { Materials, Subject } from '../kind.ts';
import { kinds } from '../kinds/index.ts';
import type { PlannedColumn, PlannedTable } from '../plan/plan.ts';
import { isKeep } from '../policy/rule.ts';
import { failingAt } from '../values/unmaskable.ts';
import { createBinaryRowMask } from './binary-row.ts';
import { remember } from './cache.ts';
import { type ColumnMask, type CopyFormat, createRowMask, type RowMask, type RowSubject } from './row.ts';

/**
 * What masks the rows of a planned table, in the order of its columns.
 * @throws Error for binary where the table does not take it
 */
export function createTableMask(materials: Materials, table: PlannedTable, format: CopyFormat = 'text'): RowMask {
  if (format === 'binary' && !takesBinary(table))
    throw new Error(`The masks of ${tableName(table)} do not know the binary format`);
  const positions = new Map(table.columns.map(({ name }, index) => [name, index]));
  const subjects: RowSubject[] = [];
  const masks = table.columns.map((column) => {
    const where = `${tableName(table)}.${column.name}`;
    return columnMaskOf(materials, where, column, positions, subjects);
  });
  return format === 'binary' ? createBinaryRowMask(masks) : createRowMask(masks, subjects);
}

/** Whether a table can be masked in COPY's binary format: where each masked value stands in it as it prints. */
export function takesBinary({ columns }: Pick<PlannedTable, 'columns'>): boolean {
  return columns.every(({ rule, place, isArray }) => {
    if (isKeep(rule)) return true;
    // What a row is about is known by what is printed.
    if (rule.subject !== undefined || kinds[rule.mask]!.perRow || isArray || place.isRange) return false;
    // A name that is too long is cut where it is read as text, and refused in binary.
    return place.family === 'enum' || (place.family === 'text' && place.type !== 'name');
  });
}

function columnMaskOf(
  materials: Materials,
  where: string,
  column: PlannedColumn,
  positions: Map<string, number>,
  subjects: RowSubject[],
): ColumnMask {
  const { rule, isArray } = column;
  if (isKeep(rule)) return { technique: 'keep' };
  const kind = kinds[rule.mask]!;
  if (kind.fixed && (kind.whole || !isArray)) {
    const value = kind.fixed(materials, rule);
    return { technique: 'fixed', value: value === null ? null : Buffer.from(value) };
  }
  const subject = subjectOf(column, positions);
  if (subject) subjects.push(subject);
  const place = subject ? { ...column.place, subject: subject.field } : column.place;
  const mask = failingAt(where, materials.maskValue(rule, { place, isArray }));
  const needsEscape = isArray || place.isRange === true || kind.needsEscape === true;
  return { technique: 'mask', mask: needsEscape || subject ? mask : remember(mask), needsEscape };
}

function subjectOf({ name, rule }: PlannedColumn, positions: Map<string, number>): RowSubject | undefined {
  if (isKeep(rule)) return undefined;
  const field: Subject = { bytes: Buffer.alloc(0), start: 0, end: 0, column: name };
  if (rule.subject === undefined) return kinds[rule.mask]!.perRow ? { position: 'row', field } : undefined;
  const position = positions.get(String(rule.subject));
  if (position === undefined) throw new Error(`${rule.subject} is no column that is copied`);
  return { position, field };
}
