import { Readable } from 'node:stream';
import { outputOf } from '../../engine/exec-output.ts';
import { connectDocker } from '../../engine/host.ts';
import { Problem } from '../../errors.ts';
import { explained } from './archive.ts';
import type { TableRows } from './contents.ts';
import { dumpDamaged } from './errors.ts';
import { endIn } from './script.ts';

/** The rows of a dump, for worker threads. Structured-clonable. */
export interface DumpRows {
  container: string;
  /** By `schema.table`. */
  tables: Map<string, TableRows>;
}

const newline = 0x0a;
/** A preamble of pg_restore's, and one COPY with 1,600 columns. */
const maxBefore = 1 << 20;

/**
 * A table's rows as COPY's text, to their very end.
 * @returns a stream; `rowCount` is right once it has ended, and it fails with a Problem `dump-invalid` where the dump does.
 */
export function readRows(rows: DumpRows, table: { schema: string; table: string }): Readable & { rowCount: number } {
  const name = `${table.schema}.${table.table}`;
  const found = rows.tables.get(name);
  const counted = { rowCount: 0 };
  const output = found && explained(outputOf({ docker: connectDocker() }, rows.container, found.command));
  const chunks = output ? rowsIn(output, found.after, name, counted) : [];
  const stream = Readable.from(chunks, { objectMode: false });
  return Object.defineProperty(stream, 'rowCount', { get: () => counted.rowCount }) as Readable & { rowCount: number };
}

/** What is wrong with a table's rows, which are read to their end; undefined: nothing. Before a checksum is found wrong, anything may have been read. */
export async function damageOf(rows: DumpRows, table: { schema: string; table: string }): Promise<Problem | undefined> {
  try {
    for await (const _ of readRows(rows, table));
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/**
 * The rows in what a command writes: from `after` on, where that is given, to the line that ends them.
 * @throws Problem `dump-invalid` where either is missing
 */
export async function* rowsIn(
  output: AsyncIterable<Buffer>,
  after: string | undefined,
  name: string,
  counted: { rowCount: number },
): AsyncGenerator<Buffer, void> {
  let begun = after === undefined;
  let ended = false;
  let held: Buffer = Buffer.alloc(0);
  /** Whether what is held begins a row. */
  let atStart = true;
  for await (const chunk of output) {
    // What follows is comments; it is read for what pg_restore has to say at its end.
    if (ended) continue;
    let bytes: Buffer = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    held = Buffer.alloc(0);
    if (!begun) {
      const at = bytes.indexOf(after!);
      if (at < 0) {
        if (bytes.length > maxBefore) throw dumpDamaged('the rows of a table do not begin where they should', name);
        held = bytes;
        continue;
      }
      begun = true;
      bytes = bytes.subarray(at + Buffer.byteLength(after!));
    }
    const end = endIn(bytes, atStart);
    ended = end >= 0;
    const rows = bytes.subarray(0, ended ? end - 3 : endOfWhole(bytes, atStart));
    held = bytes.subarray(rows.length);
    if (rows.length === 0) continue;
    counted.rowCount += newlinesIn(rows);
    atStart = rows.at(-1) === newline;
    yield rows;
  }
  if (!ended) throw dumpDamaged('the rows of a table end in the middle', name);
}

/** A line that may be the one that ends the rows is held back until it has come whole. */
function endOfWhole(bytes: Buffer, atStart: boolean): number {
  for (const length of [2, 1]) {
    const from = bytes.length - length;
    const begins = from === 0 ? atStart : bytes[from - 1] === newline;
    if (from >= 0 && begins && '\\.'.startsWith(bytes.toString('latin1', from))) return from;
  }
  return bytes.length;
}

function newlinesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count += 1;
  return count;
}
