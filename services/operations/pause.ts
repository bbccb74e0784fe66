import { setTimeout as sleep } from 'node:timers/promises';
import { engineAwayIn } from '../engine/away.ts';

const longestMs = 30_000;

/**
 * Waits before an operation is tried again: until the engine answers where that was the reason, else twice as long
 * after each attempt; never longer than half a minute, and no longer once `wake` aborts.
 */
export async function pauseAfter(error: unknown, attempts: number, wake: AbortSignal): Promise<void> {
  const away = engineAwayIn(error);
  await away?.untilItAnswers(longestMs, wake);
  const pauseMs = away ? 500 : Math.min(longestMs, 500 * 2 ** Math.min(attempts, 10));
  await sleep(pauseMs, undefined, { signal: wake }).catch(() => {});
}
