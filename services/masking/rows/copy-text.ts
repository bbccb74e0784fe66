import { reserve, type Sink } from './sink.ts';

/**
 * The escapes of COPY's text format (https://www.postgresql.org/docs/17/sql-copy.html#SQL-COPY-FILE-FORMATS). Postgres
 * writes \b \f \n \r \t \v and \\ and never octal or hexadecimal ones, but both are read here too.
 */
const backslash = 0x5c;
const meanings = new Map(
  [...'bfnrtv'].map((letter, index) => [letter.charCodeAt(0), '\b\f\n\r\t\v'.charCodeAt(index)]),
);
const letters = new Map([...meanings].map(([letter, byte]) => [byte, letter]));

/** Appends what the field `bytes[start, end)` says. */
export function unescapeCopy(bytes: Buffer, start: number, end: number, out: Sink): void {
  reserve(out, end - start);
  let { at } = out;
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    if (byte !== backslash) {
      out.bytes[at++] = byte;
      continue;
    }
    const next = bytes[++index]!;
    const octal = octalDigits(bytes, index, end);
    if (octal > 0) {
      out.bytes[at++] = Number.parseInt(bytes.toString('latin1', index, index + octal), 8);
      index += octal - 1;
    } else {
      out.bytes[at++] = meanings.get(next) ?? next;
    }
  }
  out.at = at;
}

/** Appends `bytes[start, end)` as a field of a row. */
export function escapeCopy(bytes: Buffer, start: number, end: number, out: Sink): void {
  reserve(out, (end - start) * 2);
  let { at } = out;
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    if (byte === backslash) {
      out.bytes[at++] = backslash;
      out.bytes[at++] = backslash;
    } else if (byte < 0x20 && letters.has(byte)) {
      out.bytes[at++] = backslash;
      out.bytes[at++] = letters.get(byte)!;
    } else {
      out.bytes[at++] = byte;
    }
  }
  out.at = at;
}

function octalDigits(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  while (count < 3 && start + count < end && bytes[start + count]! >= 0x30 && bytes[start + count]! <= 0x37) count++;
  return count;
}
