import { Worker } from 'node:worker_threads';
import { Problem } from '../../errors.ts';
import { endThreads } from '../threads.ts';
import type { SearchCounts, SearchInput, SearchMessage, SearchTask } from './audit-worker.ts';
import { createInFlight } from './in-flight.ts';
import type { AuditSetup } from './setup.ts';

/** A thread that searches what it is sent. */
export interface SearchThread {
  worker: Worker;
  ready: Promise<void>;
  /** Rejects where it ends before its time. */
  ended: Promise<void>;
}

/** Starts threads ahead of their work, once all originals are collected. */
export function startSearchThreads(input: SearchInput, count: number): SearchThread[] {
  return Array.from({ length: count }, () => {
    const worker = new Worker(new URL('./audit-worker.ts', import.meta.url), {
      workerData: input,
      // What is read is freed when the nursery is full, which nothing else fills: with 4 MB of it, V8 saw so much memory in use
      // that it looked through all of the heap, three times a second.
      resourceLimits: { maxYoungGenerationSizeMb: 1 },
    });
    // The first message says that it is ready, or has failed.
    const ready = new Promise<void>((resolve, reject) => {
      worker.once('message', (first: SearchMessage) =>
        first.type === 'failed' ? reject(failureOf(first.message)) : resolve(),
      );
      worker.once('exit', () => reject(failureOf('a thread ended before it was ready')));
    });
    const exited = new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Problem('capture-failed', `A thread of the audit ended with code ${code}`)),
      );
    });
    // One that has failed before it was ready ends by itself.
    const ended = exited.then(() => ready);
    // Whoever has them work hears of it.
    for (const promise of [ready, ended]) promise.catch(() => {});
    return { worker, ready, ended };
  });
}

/**
 * Searches relations by worker threads.
 * @throws Problem `capture-failed` naming the relation, or the signal's reason; all threads have ended by then
 */
export async function searchRelations(
  threads: readonly SearchThread[],
  setup: AuditSetup,
  tasks: readonly SearchTask[],
  signal: AbortSignal,
  on: {
    candidates: (candidates: Uint32Array<ArrayBuffer>) => void;
    done: (task: SearchTask, counts: SearchCounts) => void;
  },
): Promise<void> {
  let nextTask = 0;
  let done = 0;
  const inFlight = createInFlight(setup.inFlight);
  const searched = threads.map(({ worker, ready, ended }) => {
    const failed = new Promise<never>((_, reject) => {
      const next = () => {
        const index = nextTask++;
        const task = tasks[index];
        worker.postMessage(task ? { index, task } : 'end');
      };
      worker.on('message', (message: SearchMessage) => {
        if (message.type === 'candidates') {
          try {
            on.candidates(message.candidates);
          } catch (error) {
            reject(error);
          }
          inFlight.taken(message.candidates.byteLength);
        } else if (message.type === 'done') {
          on.done(tasks[message.task]!, message.counts);
          done++;
          next();
        } else if (message.type === 'failed') {
          reject(failureOf(message.message, message.task === undefined ? undefined : tasks[message.task]!.relation));
        }
      });
      ready.then(next, reject);
    });
    return Promise.race([ended, failed]);
  });
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([Promise.all(searched), aborted]);
    if (done < tasks.length) throw failureOf(`${tasks.length - done} of ${tasks.length} parts of it were not read`);
  } finally {
    signal.removeEventListener('abort', onAbort!);
    await endThreads(threads);
  }
}

function failureOf(message: string, where?: string): Problem {
  return new Problem('capture-failed', `The audit could not read ${where ?? 'the result'}: ${message}`, {
    ...(where ? { where } : {}),
  });
}
