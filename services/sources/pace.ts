import { Transform } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

/** A rate that threads keep together: the moment until which it is used up, in a memory that they share. */
export interface Pace {
  bytesPerSecond: number;
  /** One BigInt64: nanoseconds of process.hrtime, which all threads of a process read alike. */
  usedUntil: SharedArrayBuffer;
}

/** A timer is this exact at best; what is ahead by less need not wait. */
const graceMs = 2;

/** @param megabytesPerSecond of 1,000,000 bytes */
export function createPace(megabytesPerSecond: number): Pace {
  return { bytesPerSecond: megabytesPerSecond * 1e6, usedUntil: new SharedArrayBuffer(8) };
}

/**
 * Passes bytes on no faster than the pace allows to all who share it. What is not taken stays in the server: its COPY
 * waits for the connection. Time that nobody used is not made up for.
 */
export function keepPace(pace: Pace): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const waitMs = take(pace, chunk.length);
      if (waitMs < graceMs) done(null, chunk);
      else setTimeout(waitMs).then(() => done(null, chunk), done);
    },
  });
}

/** Waits until bytes that were read already are due. */
export async function awaitPace(pace: Pace, bytes: number): Promise<void> {
  const waitMs = take(pace, bytes);
  if (waitMs >= graceMs) await setTimeout(waitMs);
}

/** @returns how long to wait until the bytes are due, in milliseconds. */
function take({ bytesPerSecond, usedUntil }: Pace, bytes: number): number {
  const until = new BigInt64Array(usedUntil);
  const costs = BigInt(Math.ceil((bytes / bytesPerSecond) * 1e9));
  for (;;) {
    const now = process.hrtime.bigint();
    const before = Atomics.load(until, 0);
    const after = (before > now ? before : now) + costs;
    if (Atomics.compareExchange(until, 0, before, after) === before) return Number(after - now) / 1e6;
  }
}
