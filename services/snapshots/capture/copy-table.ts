import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Problem } from '../../errors.ts';
import { UnreadableRow } from '../../masking/rows/binary-row.ts';
import type { CopyFormat, RowMask } from '../../masking/rows/row.ts';
import { createSink } from '../../masking/rows/sink.ts';
import { identifier } from '../../quoting.ts';
import { CopyOut, CutRow, eachMessage, eachRow } from '../../sources/copy-out.ts';
import { keepPace, type Pace } from '../../sources/pace.ts';

/** A table, or the part of a large one between two of its pages. */
export interface CopyTask {
  schema: string;
  table: string;
  columns: string[];
  format: CopyFormat;
  /** What the table was when the snapshot was taken. */
  oid: number;
  filenode: number;
  /** Where the rows are put, quoted, if not into a table of that name: a partition's table at the top. */
  into?: string;
  /** Index into the plan's tables. */
  index: number;
  /** First page and the page after the last; the last part has no end, for pages that are added meanwhile. */
  pages?: { from: number; to: number | undefined };
}

/** Which end of a copy failed first. */
export class CopyFailure extends Error {
  readonly end: 'source' | 'target';

  constructor(end: 'source' | 'target', cause: unknown) {
    super(`The copy failed at its ${end}`, { cause });
    this.end = end;
  }
}

const newline = 0x0a;
/** Written on in pieces of this size: one write a row costs more than masking it. */
const batchBytes = 64 << 10;
/** With room for the row that is one too many. */
const sinkBytes = batchBytes + (16 << 10);

/** A source says how many rows it sent in a message after the last of them, which may come later than the target's. */
const countAttempts = 100;
const countAfterMs = 20;

/** A task's rows, as COPY's text, or in the messages that it came in. */
export type ReadRows = (task: CopyTask) => Readable & { rowCount: number | null };

/**
 * Copies rows from source to target and masks them on the way, in memory.
 * @returns how many rows went out and came in, and their bytes as they came in.
 * @throws CopyFailure
 */
export async function copyTable(
  read: ReadRows,
  target: pg.Client,
  task: CopyTask,
  mask: RowMask,
  pace: Pace | undefined,
  onBytes: (bytes: number) => void,
): Promise<{ rows: number; bytes: number }> {
  const name = `${identifier(task.schema)}.${identifier(task.table)}`;
  const columns = task.columns.map(identifier).join(', ');
  // A table without columns, or with generated ones only, still has rows; COPY knows no empty list for it.
  const list = columns && `(${columns})`;
  const freeze = comesFrozen(task);
  if (freeze) {
    await target.query(`BEGIN; TRUNCATE ONLY ${name}`).catch((error) => {
      throw new CopyFailure('target', error);
    });
  }
  const out = read(task);
  const options = optionsOf([...(freeze ? ['FREEZE'] : []), ...formatOption(task)]);
  const into = target.query(copyFrom(`COPY ${task.into ?? name} ${list} FROM STDIN${options}`));
  let bytes = 0;
  // When one stream of a pipeline fails, the others are made to fail, too.
  let end: 'source' | 'target' | undefined;
  out.once('error', () => {
    end ??= 'source';
  });
  into.once('error', () => {
    end ??= 'target';
  });
  const maskRows = out instanceof CopyOut ? (task.format === 'binary' ? maskBinary : maskMessages) : maskText;
  const masked = maskRows(mask, (size) => {
    bytes += size;
    onBytes(size);
  });
  masked.once('error', (error) => {
    end ??= error instanceof CutRow || error instanceof UnreadableRow ? 'source' : 'target';
  });
  const streams = pace ? [out, keepPace(pace), masked, into] : [out, masked, into];
  await pipeline(streams).catch(async (error) => {
    if (freeze) await target.query('ROLLBACK').catch(() => {});
    throw new CopyFailure(end ?? 'target', error instanceof UnreadableRow ? unreadable(task) : error);
  });
  if (freeze) await target.query('COMMIT');
  for (let attempt = 0; out.rowCount !== into.rowCount && attempt < countAttempts; attempt++)
    await setTimeout(countAfterMs);
  if (out.rowCount !== into.rowCount) throw new Error(`${out.rowCount} rows went out, ${into.rowCount} came in`);
  return { rows: into.rowCount ?? 0, bytes };
}

/** To read it again would not help. */
function unreadable({ schema, table }: CopyTask): Problem {
  return new Problem('source-refused', 'The source’s rows do not come as Postgres sends them', {
    where: `${schema}.${table}`,
    remedy: 'Give the source the address of the server itself: what is between takes its messages apart.',
  });
}

/**
 * Rows that come into a table which the same transaction has emptied are frozen as they come, and need no WAL
 * (https://www.postgresql.org/docs/17/sql-copy.html). Of a table that several sessions fill they are not.
 */
function comesFrozen({ pages, into }: CopyTask): boolean {
  return pages === undefined && into === undefined;
}

const formatOption = ({ format }: CopyTask) => (format === 'binary' ? ['FORMAT binary'] : []);
const optionsOf = (options: string[]) => (options.length > 0 ? ` (${options.join(', ')})` : '');

/** How a server is asked for them. */
export function copyOutOf(task: CopyTask): string {
  const { pages } = task;
  const options = optionsOf(formatOption(task));
  const name = `${identifier(task.schema)}.${identifier(task.table)}`;
  const columns = task.columns.map(identifier).join(', ');
  if (!pages) return `COPY ${name} ${columns && `(${columns})`} TO STDOUT${options}`;
  const end = pages.to === undefined ? '' : ` AND ctid < '(${pages.to},0)'`;
  return `COPY (SELECT ${columns} FROM ONLY ${name} WHERE ctid >= '(${pages.from},0)'${end}) TO STDOUT${options}`;
}

/** Masks rows into batches, and pushes on each that is full. */
function inBatches(mask: RowMask, onBytes: (bytes: number) => void) {
  let out = createSink(sinkBytes);
  const flush = (stream: Transform) => {
    if (out.at === 0) return;
    onBytes(out.at);
    stream.push(out.bytes.subarray(0, out.at));
    out = createSink(sinkBytes);
  };
  const row = (stream: Transform, bytes: Buffer, start: number, end: number) => {
    mask(bytes, start, end, out);
    if (out.at >= batchBytes) flush(stream);
  };
  return { row, flush };
}

/** Of chunks of CopyOut's. */
function maskMessages(mask: RowMask, onBytes: (bytes: number) => void): Transform {
  const { row, flush } = inBatches(mask, onBytes);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        eachRow(chunk, (start, end) => row(this, chunk, start, end));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      flush(this);
      done();
    },
  });
}

/** What rows begin with in the binary format: a signature, flags and the length of what may follow, which is none. */
const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
/** What they end with, where a row has the number of its fields. */
const trailer = Buffer.of(0xff, 0xff);

/** Of chunks of CopyOut's in the binary format: the header comes with the first row, the trailer by itself. */
function maskBinary(mask: RowMask, onBytes: (bytes: number) => void): Transform {
  const { row, flush } = inBatches(mask, onBytes);
  let begun = false;
  let ended = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        eachMessage(chunk, (from, end) => {
          let start = from;
          if (!begun) {
            begun = true;
            start += header.length;
            if (!holds(chunk, from, start, header)) throw new UnreadableRow();
            this.push(header);
          }
          if (ended) throw new UnreadableRow();
          if (holds(chunk, start, end, trailer)) ended = true;
          else if (start < end) row(this, chunk, start, end);
        });
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      if (!ended) return done(new CutRow('The rows end before the last one'));
      flush(this);
      this.push(trailer);
      done();
    },
  });
}

function holds(bytes: Buffer, start: number, end: number, what: Buffer): boolean {
  return end - start === what.length && end <= bytes.length && what.compare(bytes, start, end) === 0;
}

/** Chunks do not align to rows; COPY's text format escapes newlines in values, so a bare one ends a row. */
function maskText(mask: RowMask, onBytes: (bytes: number) => void): Transform {
  const { row, flush } = inBatches(mask, onBytes);
  // A row's beginning, in pieces: joined once, so that a row of 100 MB is not copied for each of its thousand chunks.
  let begun: Buffer[] = [];
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!chunk.includes(newline)) {
        begun.push(chunk);
        return done();
      }
      const bytes = begun.length > 0 ? Buffer.concat([...begun, chunk]) : chunk;
      begun = [];
      let start = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
        row(this, bytes, start, end + 1);
        start = end + 1;
      }
      // A copy where it is little, so that it does not keep a large row in memory.
      if (start < bytes.length) begun = [Buffer.from(bytes.subarray(start))];
      done();
    },
    flush(done) {
      // A row is masked whole, so what there is of one is not let through.
      if (begun.length > 0) return done(new CutRow('The rows end in the middle of one'));
      flush(this);
      done();
    },
  });
}
