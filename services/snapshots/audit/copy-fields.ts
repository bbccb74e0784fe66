/**
 * The audit's own reading of COPY's formats (https://www.postgresql.org/docs/17/sql-copy.html#SQL-COPY-FILE-FORMATS)
 * and of array literals: a mistake of the masking's reader is not to be repeated here.
 */

import { firstByteOf, type Viewed, viewOf, zerosIn } from './fours.ts';

const tab = 0x09;
const newline = 0x0a;
const backslash = 0x5c;
const backslashes = 0x5c5c5c5c;

/** Where the fields of a row are; field i is `[starts[i], ends[i])`, without its tab or newline. */
export interface Fields extends Viewed {
  starts: Int32Array;
  ends: Int32Array;
  /** 1 where a backslash is in it. */
  escaped: Uint8Array;
}

/** Postgres has 1,600 columns at most. */
const mostFields = 1664;

export function createFields(): Fields {
  const bytes = new Uint8Array();
  return {
    ...{ starts: new Int32Array(mostFields), ends: new Int32Array(mostFields), escaped: new Uint8Array(mostFields) },
    ...{ bytes, view: new DataView(bytes.buffer) },
  };
}

/** Finds the first `count` fields of a row, newline included, and says how many there are. */
export function splitFields(fields: Fields, bytes: Buffer, start: number, end: number, count: number): number {
  const { starts, ends, escaped } = fields;
  const view = viewOf(fields, bytes);
  let field = 0;
  let index = start;
  while (field < count && index < end) {
    starts[field] = index;
    let seen = 0;
    while (index < end) {
      if (index + 4 <= bytes.length) {
        // Tab and newline, and two that COPY escapes.
        const four = view.getInt32(index, true);
        const found = zerosIn((four & 0xfcfcfcfc) ^ 0x08080808) | zerosIn(four ^ backslashes);
        if (found === 0) {
          index += 4;
          continue;
        }
        index += firstByteOf(found);
      }
      const byte = bytes[index]!;
      if (byte === tab || byte === newline) break;
      if (byte === backslash) seen = 1;
      index++;
    }
    escaped[field] = seen;
    ends[field++] = index++;
  }
  return field;
}

/** The same of a row in the binary format, where the number of fields and each one's length stand before them; NULL is empty. */
export function splitBinary(fields: Fields, bytes: Buffer, start: number, end: number, count: number): number {
  const { starts, ends } = fields;
  let field = 0;
  for (let index = start + 2; field < count && index < end; index = ends[field++]!) {
    starts[field] = index + 4;
    ends[field] = index + 4 + Math.max(0, bytes.readInt32BE(index));
  }
  return field;
}

export function hasBackslash(fields: Fields, bytes: Buffer, start: number, end: number): boolean {
  const view = viewOf(fields, bytes);
  let index = start;
  for (; index + 4 <= end; index += 4) if (zerosIn(view.getInt32(index, true) ^ backslashes) !== 0) return true;
  for (; index < end; index++) if (bytes[index] === backslash) return true;
  return false;
}

export function isNull(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 2 && bytes[start] === backslash && bytes[start + 1] === 0x4e;
}

const meanings: Record<string, number> = { b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** A string of more would cost several times its bytes. */
const longestRead = 16 << 20;

/** What an escaped field says. */
export function unescapeField(bytes: Buffer, start: number, end: number): Buffer {
  const out = Buffer.allocUnsafe(end - start);
  let at = 0;
  for (let index = start; index < end; index++) {
    let byte = bytes[index]!;
    if (byte === backslash) {
      byte = bytes[++index]!;
      byte = meanings[String.fromCharCode(byte)] ?? byte;
    }
    out[at++] = byte;
  }
  return readEscapes(out.subarray(0, at));
}

/** `\u00e9` of a JSON document is read: words are compared by their characters. */
export function readEscapes(plain: Buffer): Buffer {
  if (plain.length > longestRead || !plain.includes('\\u')) return plain;
  const read = plain
    .toString('utf8')
    .replace(/\\u([0-9a-f]{4})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(read);
}

/** Whether it prints as a bytea does: `\x6162`. */
export function isHex(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 4 || (end - start) % 2 !== 0 || bytes[start] !== backslash || bytes[start + 1] !== 0x78)
    return false;
  for (let index = start + 2; index < end; index++) {
    const byte = bytes[index]!;
    if (!((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66))) return false;
  }
  return true;
}

/** The bytes that a bytea prints. */
export function hexBytes(bytes: Buffer, start: number, end: number): Buffer {
  return Buffer.from(bytes.toString('latin1', start + 2, end), 'hex');
}

/** The elements of an array of any depth as it prints: `{a,"b \"c\"",NULL}`; NULL is null. */
export function arrayElements(literal: string): (string | null)[] {
  const elements: (string | null)[] = [];
  const plain = /[^{},"]+/y;
  for (let at = literal.startsWith('[') ? literal.indexOf('=') + 1 : 0; at < literal.length; ) {
    if (literal[at] === '"') {
      const end = endOfQuoted(literal, at + 1);
      elements.push(unescaped(literal.slice(at + 1, end)));
      at = end + 1;
      continue;
    }
    plain.lastIndex = at;
    const [found] = plain.exec(literal) ?? [];
    if (found !== undefined) elements.push(found === 'NULL' ? null : found);
    at += found?.length ?? 1;
  }
  return elements;
}

/** The pairs of an hstore as it prints: `"a"=>"b", "c"=>NULL`. */
export function hstorePairs(literal: string): [key: string, value: string | null][] {
  const pairs: [key: string, value: string | null][] = [];
  for (let at = literal.indexOf('"'); at >= 0; at = literal.indexOf('"', at)) {
    const endOfKey = endOfQuoted(literal, at + 1);
    const key = unescaped(literal.slice(at + 1, endOfKey));
    const value = endOfKey + '"=>'.length;
    const end = literal[value] === '"' ? endOfQuoted(literal, value + 1) : value;
    pairs.push([key, end === value ? null : unescaped(literal.slice(value + 1, end))]);
    at = end + 1;
  }
  return pairs;
}

/** The fields of a composite value as it prints: `(a,"b ""c""",)`; nothing is NULL. */
export function rowFields(literal: string): (string | null)[] {
  const fields: (string | null)[] = [];
  const body = literal.slice(1, -1);
  const special = /["\\,]/g;
  let field = '';
  let isNull = true;
  let isQuoted = false;
  let from = 0;
  for (let found = special.exec(body); found; found = special.exec(body)) {
    const at = found.index;
    field += body.slice(from, at);
    from = at + 1;
    if (found[0] === ',' && !isQuoted) {
      fields.push(isNull && field === '' ? null : field);
      field = '';
      isNull = true;
      continue;
    }
    isNull = false;
    if (found[0] === ',') field += ',';
    else if (found[0] === '"' && !(isQuoted && body[from] === '"')) isQuoted = !isQuoted;
    else {
      // A backslash, or a quotation mark that stands twice: the character behind it.
      field += body[from] ?? '';
      from++;
      special.lastIndex = from;
    }
  }
  field += body.slice(from);
  fields.push(isNull && field === '' ? null : field);
  return fields;
}

/** Where what is quoted ends. Scanned, because a regular expression has no room for strings of some megabytes. */
function endOfQuoted(text: string, start: number): number {
  for (let at = text.indexOf('"', start); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (at - backslashes > start && text[at - backslashes - 1] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

function unescaped(quoted: string): string {
  return quoted.includes('\\') ? quoted.replace(/\\(.)/gs, '$1') : quoted;
}
