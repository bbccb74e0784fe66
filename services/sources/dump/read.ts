import { Worker } from 'node:worker_threads';
import { Problem } from '../../errors.ts';
import type { Contents } from './contents.ts';
import { captureInstead, dumpInvalid } from './errors.ts';
import type { DumpFormat } from './format.ts';
import type { ReadInput, ReadMessage } from './read-worker.ts';
import type { Statement } from './statements.ts';

/** Twice what a statement of the largest size comes to, or the definitions of any database. */
const defaultHeapMb = 512;

/**
 * Reads what is in a dump, whatever its format, in a thread of its own: it is anybody's file, so what it costs to read holds
 * nobody else up, and what takes more memory than any dump of pg_dump's ends that thread alone.
 *
 * @param onStatements is told how many statements have been read, and of how many
 * @throws Problem `dump-invalid`, or the signal's reason; the thread has ended by then
 */
export async function readDump(
  container: string,
  format: DumpFormat,
  signal: AbortSignal,
  onStatements: (read: number, total: number) => void,
  heapMb = defaultHeapMb,
): Promise<Contents> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./read-worker.ts', import.meta.url), {
    workerData: { container, format } satisfies ReadInput,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let onAbort = () => {};
  try {
    return await new Promise<Contents>((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const statements: Statement[] = [];
      worker.on('message', (message: ReadMessage) => {
        if (message.type === 'statements') {
          for (const statement of message.statements) statements.push(statement);
          onStatements(statements.length, message.total);
        } else if (message.type === 'contents') resolve({ ...message.contents, statements });
        else {
          const { code, detail, ...more } = message.problem;
          reject(new Problem(code, detail, more));
        }
      });
      worker.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch(heapMb) : error),
      );
      worker.once('exit', (code) => reject(new Error(`the thread that reads a dump ended with code ${code}`)));
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
    await worker.terminate();
    await ended;
  }
}

function tooMuch(heapMb: number): Problem {
  return dumpInvalid(`what is in it beside rows takes more than ${heapMb} MB of memory to read`, captureInstead);
}
