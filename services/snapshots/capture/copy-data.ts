import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Problem } from '../../errors.ts';
import type { PlannedTable } from '../../masking/plan/plan.ts';
import { isKeep } from '../../masking/policy/rule.ts';
import type { SourceCatalog, SourceTable } from '../../sources/catalog.ts';
import { timeoutRemedies } from '../../sources/errors.ts';
import type { Audit } from '../audit/audit.ts';
import { createInFlight } from '../audit/in-flight.ts';
import { endThreads } from '../threads.ts';
import { formatOf } from './copy-format.ts';
import { changedMeanwhile } from './copy-session.ts';
import type { CopyTask } from './copy-table.ts';
import type { WorkerInput, WorkerMessage } from './copy-worker.ts';

/** How many things a capture does at once, unless its source sets `workers`: more than four would be felt there. */
export const cores = Math.min(4, availableParallelism());
/** Larger tables are copied in parts, so that one of them does not keep a single worker busy to the end. */
const partedBytes = 128 << 20;
const partBytes = 32 << 20;
const partsPerWorker = 4;
const pageBytes = 8192;
/** TID range scans, without which a part reads the whole table. */
const tidRangeScanMajor = 14;

/** What there is to copy, largest first. @param isDump rows are read from a dump, which has them as text */
export function tasksOf(
  tables: PlannedTable[],
  catalog: SourceCatalog,
  { major, workers, isDump }: { major: number; workers: number; isDump: boolean },
): CopyTask[] {
  const found = new Map(catalog.tables.map((table) => [`${table.schema}.${table.name}`, table]));
  const sized = tables.map((table, index) => {
    const source = found.get(`${table.schema}.${table.name}`)!;
    const { heapBytes, sizeBytes, oid, filenode, partition } = source;
    const task: CopyTask = {
      schema: table.schema,
      table: table.name,
      columns: table.columns.map(({ name }) => name),
      format: isDump ? 'text' : formatOf(table, source),
      ...{ oid, filenode, index },
      ...(partition && mayMove(table, partition) ? { into: partition.root } : {}),
    };
    return { task, heapBytes, sizeBytes };
  });
  sized.sort((a, b) => b.sizeBytes - a.sizeBytes);
  return sized.flatMap(({ task, heapBytes }) => {
    if (major < tidRangeScanMajor || heapBytes < partedBytes) return [task];
    const parts = Math.min(workers * partsPerWorker, Math.floor(heapBytes / partBytes));
    const pages = Math.ceil(heapBytes / pageBytes);
    return Array.from({ length: parts }, (_, part) => ({
      ...task,
      pages: {
        from: Math.floor((pages * part) / parts),
        to: part === parts - 1 ? undefined : Math.floor((pages * (part + 1)) / parts),
      },
    }));
  });
}

/**
 * Whether a row of a partition may belong in another one of the snapshot: where a column that decides is masked, or a hash,
 * which is of an enum's internal number or of what a collation's library makes of a text.
 */
function mayMove({ columns }: PlannedTable, { byHash, key }: NonNullable<SourceTable['partition']>): boolean {
  return byHash || columns.some(({ name, rule }) => !isKeep(rule) && (key.includes(name) || key.includes(null)));
}

const notUtf8 =
  'The source says another encoding than its text has: greenroom reads UTF-8. Correct the rows, or leave their schema out.';
const notInEncoding =
  'The database has the source’s encoding, which lacks a character of a masked value: choose a mask without it, such as token.';

/** A thread that has loaded what it needs, or is at it, and waits to be told what to copy. */
export interface CopyThread {
  worker: Worker;
  /** Rejects where it ends by itself. */
  ended: Promise<void>;
}

/** Starts threads ahead of their work: to load its code takes one half a second, while Postgres starts. */
export function startThreads(count: number): CopyThread[] {
  return Array.from({ length: Math.max(1, count) }, () => {
    const worker = new Worker(new URL('./copy-worker.ts', import.meta.url), {
      // Rows live as long as their batch, and buffers that they came in are freed when the nursery is full: with 16 MB of
      // it a thread held 60 MB of them.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    const ended = new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Problem('capture-failed', `A copying thread ended with code ${code}`)),
      );
    });
    ended.catch(() => {});
    return { worker, ended };
  });
}

/**
 * Copies every task by worker threads, so that masking uses the other cores and the API stays responsive.
 * @throws Problem `capture-failed` naming the table, or the signal's reason; all workers have ended by then.
 */
export async function copyData(
  input: WorkerInput,
  audit: Pick<Audit, 'addOriginals' | 'addPart'>,
  tasks: CopyTask[],
  started: CopyThread[],
  signal: AbortSignal,
  onProgress: (message: string, bytes: number) => void,
): Promise<Map<string, { rows: number; bytes: number }>> {
  const copied = new Map<string, { rows: number; bytes: number }>();
  const queue = [...tasks];
  let total = 0;
  const inFlight = createInFlight(input.audit.inFlight);
  const threads = started.map(({ worker, ended }) => {
    const failed = new Promise<never>((_, reject) => {
      const next = () => {
        const task = queue.shift();
        worker.postMessage(task ?? 'end');
      };
      worker.on('message', (message: WorkerMessage) => {
        switch (message.type) {
          case 'ready':
            next();
            break;
          case 'bytes':
            total += message.bytes;
            onProgress('copying and masking rows', total);
            break;
          case 'originals':
            try {
              audit.addOriginals(message.originals);
            } catch (error) {
              reject(error);
            }
            inFlight.taken(message.originals.byteLength);
            break;
          case 'done': {
            audit.addPart(message.audited, message.collectMs);
            const { schema, name } = input.tables[message.index]!;
            const before = copied.get(`${schema}.${name}`) ?? { rows: 0, bytes: 0 };
            copied.set(`${schema}.${name}`, { rows: before.rows + message.rows, bytes: before.bytes + message.bytes });
            onProgress(`copied ${schema}.${name}`, total);
            next();
            break;
          }
          case 'retried': {
            const { schema, name } = input.tables[message.index]!;
            onProgress(`copying ${schema}.${name} again: ${message.message}`, total);
            break;
          }
          case 'problem': {
            const { code, detail, ...more } = message.problem;
            reject(new Problem(code, detail, more));
            break;
          }
          case 'failed':
            reject(failureOf(input, message));
        }
      });
    });
    worker.postMessage(input);
    return Promise.race([ended, failed]);
  });
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([Promise.all(threads), aborted]);
    return copied;
  } catch (error) {
    queue.length = 0;
    await endThreads(started);
    throw error;
  }
}

function failureOf(input: WorkerInput, failed: Extract<WorkerMessage, { type: 'failed' }>): Problem {
  const { index, end, columns, message, code } = failed;
  const table = index === undefined ? undefined : input.tables[index]!;
  const name = table && `${table.schema}.${table.name}`;
  const where = name && [name, ...(columns.length === 1 ? columns : [])].join('.');
  const refused = end === 'target' ? undefined : sourceRemedies[code];
  const errors = columns.map((column) => ({
    where: `${name}.${column}`,
    what: 'does not take what its mask gives, or is in the constraint that does not',
    remedy: 'Choose another mask for it: one that keeps the shape, such as token, or constant',
  }));
  const at = columns.length > 1 ? ` (columns ${columns.join(', ')})` : '';
  return new Problem(
    refused === undefined ? 'capture-failed' : 'source-refused',
    `${where ? `Copying ${where}${at}` : 'Copying'} failed: ${message}`,
    {
      ...(where ? { where } : {}),
      ...(errors.length > 0 ? { errors } : {}),
      remedy:
        refused ?? targetRemedies[code] ?? 'If a mask gives what the column cannot hold, choose another in the policy.',
    },
  );
}

/** By SQLSTATE, of a table that the source does not give. */
const sourceRemedies: Record<string, string | undefined> = {
  ...timeoutRemedies,
  42501: 'Grant the login SELECT on it, and BYPASSRLS if it has row security.',
  '42P01': changedMeanwhile,
  42703: changedMeanwhile,
  '3F000': changedMeanwhile,
  22021: notUtf8,
  '22P05': notUtf8,
};

/** By SQLSTATE, of a row that the snapshot does not take. */
const targetRemedies: Record<string, string | undefined> = {
  22021: notInEncoding,
  '22P05': notInEncoding,
  22001: 'The mask gives more characters than the column holds: choose another, such as token, which keeps the length.',
  23505: 'The mask gives different originals the same value: choose one that keeps them different, or keep the column.',
  23514: 'The mask gives what the constraint forbids: choose another for the columns that it reads, or keep them.',
};
