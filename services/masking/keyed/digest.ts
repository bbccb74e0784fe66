import { append, reserve, type Sink } from '../rows/sink.ts';
import type { Digest } from './hmac.ts';

/** How the words of a digest become what is written: dictionary entries, digits, letters. */

export function pick<T>(list: readonly T[], word: number): T {
  return list[Math.floor((word / 2 ** 32) * list.length)]!;
}

export function appendPick(sink: Sink, list: readonly Buffer[], word: number): void {
  append(sink, pick(list, word));
}

/** Digits and lower case letters without i, l, o and u: 32 characters, 5 bits each. */
const alphabet = Buffer.from('0123456789abcdefghjkmnpqrstvwxyz', 'latin1');

/** Ten characters of 5 bits. With two dictionary picks (20 bits) two of 100 million originals meet once in 10⁵ snapshots. */
export const tagLength = 10;

export function appendTag(sink: Sink, high: number, low: number): void {
  reserve(sink, tagLength);
  const { bytes } = sink;
  let { at } = sink;
  for (let shift = 0; shift < 25; shift += 5) {
    bytes[at++] = alphabet[(high >>> shift) & 31]!;
    bytes[at++] = alphabet[(low >>> shift) & 31]!;
  }
  sink.at = at;
}

/** Numbers below 2³² without end from one digest (sfc32). What it reveals is the digest, which only the key leads back from. */
export function createStream(): { seed: (digest: Digest) => void; next: () => number } {
  let a = 0;
  let b = 0;
  let c = 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  return {
    seed: (digest) => {
      a = digest[0]!;
      b = digest[1]!;
      c = digest[2]!;
      counter = digest[3]!;
    },
    next,
  };
}
