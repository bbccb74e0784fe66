import { arrayElements, createFields, hexBytes, isHex, isNull, splitFields, unescapeField } from './copy-fields.ts';
import { createDocumentReader } from './document.ts';
import type { ColumnUnits, TableUnits, Unit } from './units.ts';

/** Originals of more bytes are not searched as wholes, so that the rest need not be read. */
const mostHex = 512 << 10;

/** An original without COPY's escapes, and whether masking left it as it was. */
export type OnOriginal = (unit: Unit, bytes: Buffer, start: number, end: number, equal: boolean) => void;

/** One row as it came and as it goes on, both in COPY's text format, newlines included. */
export type ReadPair = (
  original: Buffer,
  start: number,
  end: number,
  masked: Buffer,
  maskedStart: number,
  maskedEnd: number,
) => void;

/** Gives each masked value of rows: whole fields, the elements of an array, the leaves of a document. NULL is none. */
export function createPairReader(columns: TableUnits, onOriginal: OnOriginal): ReadPair {
  const [originals, maskeds] = [createFields(), createFields()];
  const readers = columns.map((column) => column && fieldReader(column, onOriginal));
  const count = readers.findLastIndex((read) => read !== undefined) + 1;

  return (original, start, end, masked, maskedStart, maskedEnd) => {
    const fields = splitFields(originals, original, start, end, count);
    splitFields(maskeds, masked, maskedStart, maskedEnd, count);
    for (let index = 0; index < fields; index++) {
      const read = readers[index];
      let first = originals.starts[index]!;
      let last = originals.ends[index]!;
      if (!read || first === last || isNull(original, first, last)) continue;
      let from = original;
      let to = masked;
      let maskedFirst = maskeds.starts[index]!;
      let maskedLast = maskeds.ends[index]!;
      if (isNull(masked, maskedFirst, maskedLast)) maskedLast = maskedFirst;
      if (originals.escaped[index]) {
        from = unescapeField(original, first, last);
        first = 0;
        last = from.length;
      }
      if (maskeds.escaped[index] && maskedLast > maskedFirst) {
        to = unescapeField(masked, maskedFirst, maskedLast);
        maskedFirst = 0;
        maskedLast = to.length;
      }
      read(from, first, last, to, maskedFirst, maskedLast);
    }
  };
}

function fieldReader({ rule, isArray, units }: ColumnUnits, onOriginal: OnOriginal): ReadPair {
  const technique = 'mask' in rule ? rule.mask : '';
  const unit = units[technique]!;
  const pair = (of: Unit, original: string, masked: string) => {
    if (original === '') return;
    const bytes = Buffer.from(original);
    onOriginal(of, bytes, 0, bytes.length, original === masked);
  };
  const readDocument = technique === 'json' ? createDocumentReader(rule) : undefined;
  const document = (original: string, masked: string) => {
    const isDocument = readDocument!(original, masked, (leaf, before, after) =>
      pair(units[leaf] ?? unit, before, after),
    );
    if (!isDocument) pair(unit, original, masked);
  };

  if (!isArray && !readDocument) {
    return (original, start, end, masked, maskedStart, maskedEnd) => {
      const equal = isSame(original, start, end, masked, maskedStart, maskedEnd);
      if (!isHex(original, start, end)) return onOriginal(unit, original, start, end, equal);
      const raw = hexBytes(original, start, Math.min(end, start + mostHex));
      onOriginal(unit, raw, 0, raw.length, equal);
    };
  }
  return (original, start, end, masked, maskedStart, maskedEnd) => {
    const before = original.toString('utf8', start, end);
    const after = masked.toString('utf8', maskedStart, maskedEnd);
    if (!isArray) return document(before, after);
    const others = arrayElements(after);
    for (const [index, element] of arrayElements(before).entries()) {
      if (element === null) continue;
      if (readDocument) document(element, others[index] ?? '');
      else pair(unit, element, others[index] ?? '');
    }
  };
}

function isSame(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let index = aStart, other = bStart; index < aEnd; index++, other++) if (a[index] !== b[other]) return false;
  return true;
}
