import { createFields, type Fields, hexBytes, isHex, isNull, splitFields, unescapeField } from './copy-fields.ts';
import { createPartsReader, type OnPart } from './parts.ts';
import { hasParts } from './rules.ts';
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

/** Gives each masked value of rows: whole fields, or what they hold. NULL is none. */
export function createPairReader(columns: TableUnits, onOriginal: OnOriginal): ReadPair {
  const [originals, maskeds] = [createFields(), createFields()];
  const readers = columns.map((column) => column && fieldReader(column, onOriginal));
  const count = readers.findLastIndex((read) => read !== undefined) + 1;
  const readFullNames = columns.flatMap((column, last) =>
    column?.fullName ? [fullNameReader(column.fullName, last, onOriginal)] : [],
  );

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
    for (const readFullName of readFullNames) readFullName(originals, original);
  };
}

/** First and last name of a row as one original; each by itself is judged as such. */
function fullNameReader({ first, unit }: NonNullable<ColumnUnits['fullName']>, last: number, onOriginal: OnOriginal) {
  return ({ starts, ends, escaped }: Fields, row: Buffer): void => {
    if (escaped[first] || escaped[last]) return;
    for (const field of [first, last]) {
      if (starts[field] === ends[field] || isNull(row, starts[field]!, ends[field]!)) return;
    }
    const name = `${row.toString('utf8', starts[first], ends[first])} ${row.toString('utf8', starts[last], ends[last])}`;
    const bytes = Buffer.from(name);
    onOriginal(unit, bytes, 0, bytes.length, false);
  };
}

function fieldReader({ rule, value, units }: ColumnUnits, onOriginal: OnOriginal): ReadPair {
  const unit = units[rule.mask]!;
  // An array that is shuffled is another row's whole, whose elements may be the same.
  const isWhole = !value.isArray || rule.mask === 'shuffle';
  if (isWhole && !hasParts(rule)) {
    return (original, start, end, masked, maskedStart, maskedEnd) => {
      const equal = isSame(original, start, end, masked, maskedStart, maskedEnd);
      if (!isHex(original, start, end)) return onOriginal(unit, original, start, end, equal);
      const raw = hexBytes(original, start, Math.min(end, start + mostHex));
      onOriginal(unit, raw, 0, raw.length, equal);
    };
  }
  const readParts = createPartsReader(rule, value);
  const onPart: OnPart = (technique, original, masked) => {
    const bytes = Buffer.from(original);
    const raw = isHex(bytes, 0, bytes.length) ? hexBytes(bytes, 0, Math.min(bytes.length, mostHex)) : bytes;
    onOriginal(units[technique] ?? unit, raw, 0, raw.length, original === masked);
  };
  return (original, start, end, masked, maskedStart, maskedEnd) => {
    readParts(original.toString('utf8', start, end), masked.toString('utf8', maskedStart, maskedEnd), onPart);
  };
}

function isSame(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let index = aStart, other = bStart; index < aEnd; index++, other++) if (a[index] !== b[other]) return false;
  return true;
}
