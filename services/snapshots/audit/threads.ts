import { Worker } from 'node:worker_threads';
import { Problem } from '../../errors.ts';
import type { SearchCounts, SearchInput, SearchMessage, SearchTask } from './audit-worker.ts';
import { createInFlight } from './in-flight.ts';

/**
 * Searches relations by worker threads.
 * @throws Problem `capture-failed` naming the relation, or the signal's reason; all threads have ended by then
 */
export async function searchRelations(
  input: SearchInput,
  tasks: readonly SearchTask[],
  threads: number,
  signal: AbortSignal,
  on: {
    candidates: (candidates: Uint32Array<ArrayBuffer>) => void;
    done: (task: SearchTask, counts: SearchCounts) => void;
  },
): Promise<void> {
  let nextTask = 0;
  const inFlight = createInFlight(input.setup.inFlight);
  const workers = Array.from({ length: Math.max(1, Math.min(threads, tasks.length)) }, () => {
    const worker = new Worker(new URL('./audit-worker.ts', import.meta.url), {
      workerData: input,
      // As in copying threads.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    const finished = new Promise<void>((resolve, reject) => {
      const next = () => {
        const index = nextTask++;
        const task = tasks[index];
        worker.postMessage(task ? { index, task } : 'end');
      };
      worker.on('message', (message: SearchMessage) => {
        if (message.type === 'ready') next();
        else if (message.type === 'candidates') {
          try {
            on.candidates(message.candidates);
          } catch (error) {
            reject(error);
          }
          inFlight.taken(message.candidates.byteLength);
        } else if (message.type === 'done') {
          on.done(tasks[message.task]!, message.counts);
          next();
        } else {
          const where = message.task === undefined ? undefined : tasks[message.task]!.relation;
          reject(
            new Problem('capture-failed', `The audit could not read ${where ?? 'the result'}: ${message.message}`, {
              ...(where ? { where } : {}),
            }),
          );
        }
      });
      worker.once('error', reject);
      worker.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Problem('capture-failed', `A thread of the audit ended with code ${code}`)),
      );
    });
    return { worker, finished };
  });
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([Promise.all(workers.map(({ finished }) => finished)), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort!);
    await Promise.all(workers.map(({ worker }) => worker.terminate()));
    await Promise.allSettled(workers.map(({ finished }) => finished));
  }
}
