import { createHmac } from 'node:crypto';
import { domainKey } from './key.ts';

/** Where a sequence is and where it may go; numbers are bigint's. */
export interface SequencePlace {
  /** `schema.name` */
  name: string;
  last: bigint;
  start: bigint;
  increment: bigint;
  min: bigint;
  max: bigint;
}

/** At least so many numbers come into question. */
const leastSpan = 100_000n;

/**
 * Where a sequence goes on in a snapshot, because where it is counts customers or orders: forward only, so that it gives
 * no number that a row has, by a number of steps that the key decides: up to as many as it has gone, or 100,000 where it
 * has gone fewer. Half of what is left before its bound stays; a cycle is never begun anew.
 *
 * @returns `last` itself at the sequence's end, where there is no room.
 */
export function shiftSequence(key: Uint8Array, { name, last, start, increment, min, max }: SequencePlace): bigint {
  const gone = (last - start) / increment;
  const left = ((increment > 0n ? max : min) - last) / increment;
  const wanted = gone > leastSpan ? gone : leastSpan;
  const span = wanted < left / 2n ? wanted : left / 2n;
  if (span < 1n) return last;
  const digest = createHmac('sha256', domainKey(key, 'sequence')).update(name).digest();
  return last + (1n + (digest.readBigUInt64BE() % span)) * increment;
}
