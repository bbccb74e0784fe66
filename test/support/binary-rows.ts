/** Rows in COPY's binary format (https://www.postgresql.org/docs/17/sql-copy.html#SQL-COPY-FILE-FORMATS). */

/** What comes before the first of them: a signature, flags, and the length of nothing more. */
export const binaryHeader = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
export const binaryTrailer = Buffer.of(0xff, 0xff);

export function binaryRow(values: (string | Buffer | null)[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(values.length);
  const fields = values.flatMap((value) => {
    const length = Buffer.alloc(4);
    if (value === null) {
      length.writeInt32BE(-1);
      return [length];
    }
    const bytes = Buffer.from(value as string);
    length.writeInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([count, ...fields]);
}

export function binaryFields(row: Buffer): (string | null)[] {
  const fields: (string | null)[] = [];
  let at = 2;
  while (at < row.length) {
    const length = row.readInt32BE(at);
    at += 4;
    fields.push(length < 0 ? null : row.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  if (at !== row.length || fields.length !== row.readInt16BE(0)) throw new Error('It is no row');
  return fields;
}
