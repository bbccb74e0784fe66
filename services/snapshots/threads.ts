import type { Worker } from 'node:worker_threads';

/** Ends threads whatever they do. Their connections go with them, and with those what they held on a server. */
export async function endThreads(threads: readonly { worker: Worker; ended: Promise<void> }[]): Promise<void> {
  await Promise.all(threads.map(({ worker }) => worker.terminate()));
  await Promise.allSettled(threads.map(({ ended }) => ended));
}
