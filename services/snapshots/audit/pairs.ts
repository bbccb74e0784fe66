import type { CopyFormat } from '../../masking/rows/row.ts';
import {
  createFields,
  type Fields,
  hasBackslash,
  hexBytes,
  isHex,
  isNull,
  readEscapes,
  splitBinary,
  splitFields,
  unescapeField,
} from './copy-fields.ts';
import { createPartsReader, type OnPart } from './parts.ts';
import { hasParts } from './rules.ts';
import type { ColumnUnits, TableUnits, Unit } from './units.ts';

const backslash = 0x5c;
/** Originals of more bytes are not searched as wholes, so that the rest need not be read. */
const mostHex = 512 << 10;

/** An original without COPY's escapes, and whether masking left it as it was. */
export type OnOriginal = (unit: Unit, bytes: Buffer, start: number, end: number, equal: boolean) => void;

/** One row as it came and as it goes on, both as COPY has them, in the text format with their newlines. */
export type ReadPair = (
  original: Buffer,
  start: number,
  end: number,
  masked: Buffer,
  maskedStart: number,
  maskedEnd: number,
) => void;

/** How fields of a row are found, and read. */
interface Format {
  split: typeof splitFields;
  isNull: (bytes: Buffer, start: number, end: number) => boolean;
  isEscaped: (fields: Fields, index: number, bytes: Buffer) => boolean;
  plainOf: (bytes: Buffer, start: number, end: number) => Buffer;
}

const formats: Record<CopyFormat, Format> = {
  text: {
    ...{ split: splitFields, isNull, plainOf: unescapeField },
    isEscaped: ({ escaped }, index) => escaped[index] === 1,
  },
  binary: {
    split: splitBinary,
    isNull: (_bytes, start, end) => start === end,
    isEscaped: (fields, index, bytes) => hasBackslash(fields, bytes, fields.starts[index]!, fields.ends[index]!),
    plainOf: (bytes, start, end) => readEscapes(bytes.subarray(start, end)),
  },
};

/** A buffer that is larger is not held until the next one comes. */
const mostHeldBytes = 1 << 20;

/**
 * Whether there is a backslash in a buffer of rows as they came, which is not written to again: most have none, so that their
 * fields need not be looked through.
 */
function createBackslashes(): (rows: Buffer) => boolean {
  let last: Buffer | undefined;
  let has = true;
  return (rows) => {
    if (rows === last) return has;
    if (rows.length > mostHeldBytes) return true;
    last = rows;
    has = rows.includes(backslash);
    return has;
  };
}

/** Gives each masked value of rows: whole fields, or what they hold. NULL is none. */
export function createPairReader(columns: TableUnits, onOriginal: OnOriginal, format: CopyFormat): ReadPair {
  const { split, isNull, isEscaped, plainOf } = formats[format];
  const [originals, maskeds] = [createFields(), createFields()];
  const mayBeEscaped = createBackslashes();
  const readers = columns.map((column) => column && fieldReader(column, onOriginal));
  const count = readers.findLastIndex((read) => read !== undefined) + 1;

  /** First and last name of a row as one original; each by itself is judged as such. */
  const readFullName = ({ first, unit }: NonNullable<ColumnUnits['fullName']>, last: number, row: Buffer) => {
    const { starts, ends } = originals;
    const names: string[] = [];
    for (const field of [first, last]) {
      const [from, to] = [starts[field]!, ends[field]!];
      if (from === to || isNull(row, from, to)) return;
      const name = isEscaped(originals, field, row) ? plainOf(row, from, to) : row.subarray(from, to);
      names.push(name.toString('utf8'));
    }
    const bytes = Buffer.from(names.join(' '));
    onOriginal(unit, bytes, 0, bytes.length, false);
  };
  const fullNames = columns.flatMap((column, last) => (column?.fullName ? [{ of: column.fullName, last }] : []));

  return (original, start, end, masked, maskedStart, maskedEnd) => {
    const fields = split(originals, original, start, end, count);
    split(maskeds, masked, maskedStart, maskedEnd, count);
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
      if (mayBeEscaped(original) && isEscaped(originals, index, original)) {
        from = plainOf(original, first, last);
        first = 0;
        last = from.length;
      }
      if (maskedLast > maskedFirst && isEscaped(maskeds, index, masked)) {
        to = plainOf(masked, maskedFirst, maskedLast);
        maskedFirst = 0;
        maskedLast = to.length;
      }
      read(from, first, last, to, maskedFirst, maskedLast);
    }
    for (const { of, last } of fullNames) readFullName(of, last, original);
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
