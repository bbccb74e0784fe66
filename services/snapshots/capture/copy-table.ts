import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Problem } from '../../errors.ts';
import { UnreadableRow } from '../../masking/rows/binary-row.ts';
import type { CopyFormat, RowMask } from '../../masking/rows/row.ts';
import { identifier } from '../../quoting.ts';
import { CopyOut, CutRow } from '../../sources/copy-out.ts';
import { keepPace, type Pace } from '../../sources/pace.ts';
import { maskBinary, maskMessages, maskText } from './mask-stream.ts';

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
  const into = target.query(copyFrom(`COPY ${task.into ?? name} ${list} FROM STDIN${optionsOf(task, freeze)}`));
  let bytes = 0;
  // When one stream of a pipeline fails, the others are made to fail, too.
  let end: 'source' | 'target' | undefined;
  out.once('error', () => {
    end ??= 'source';
  });
  into.once('error', () => {
    end ??= 'target';
  });
  const maskRows = task.format === 'binary' ? maskBinary : out instanceof CopyOut ? maskMessages : maskText;
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

function optionsOf({ format }: CopyTask, freeze = false): string {
  const options = [...(freeze ? ['FREEZE'] : []), ...(format === 'binary' ? ['FORMAT binary'] : [])];
  return options.length > 0 ? ` (${options.join(', ')})` : '';
}

/** How a server is asked for them. */
export function copyOutOf(task: CopyTask): string {
  const { pages } = task;
  const options = optionsOf(task);
  const name = `${identifier(task.schema)}.${identifier(task.table)}`;
  const columns = task.columns.map(identifier).join(', ');
  if (!pages) return `COPY ${name} ${columns && `(${columns})`} TO STDOUT${options}`;
  const end = pages.to === undefined ? '' : ` AND ctid < '(${pages.to},0)'`;
  return `COPY (SELECT ${columns} FROM ONLY ${name} WHERE ctid >= '(${pages.from},0)'${end}) TO STDOUT${options}`;
}
