import { createHmac } from 'node:crypto';
import { createRoundFunction } from './hmac.ts';

/** The most digits that are permuted; longer values have enough bits for a hash to keep them apart. */
export const mostPermuted = 32;
const rounds = 4;
/** Below so many values that a shape can have, one that stays what it was is likely enough to be met. */
const smallDomain = 2 ** 32;

/** Numbers with a radix each, as the digits of a clock have. `run` replaces the first `count` of them in place. */
export interface Permutation {
  digits: Int32Array;
  /** 65536 at most. */
  radices: Int32Array;
  run: (count: number) => void;
}

/**
 * A four-round Feistel network on digits of mixed radix (Luby and Rackoff: four rounds make a strong pseudorandom
 * permutation): different originals of one shape come out different, so a unique constraint on ten digits holds, where a
 * hash of ten digits collides 50 times in a million.
 *
 * A permutation of few values has fixed points (one on average), and a value that stays is not masked. There, the network
 * P is wrapped around a rotation R of the last digit: P⁻¹∘R∘P has as many fixed points as R, which is none. A single digit
 * has no other half that P could go by, so there R itself is the key's.
 */
export function createPermutation(key: Uint8Array): Permutation {
  // A round's message has a fixed layout: how many digits in all, then the other half's, two bytes each, zero padded.
  const functions = Array.from({ length: rounds }, (_, round) =>
    createRoundFunction(createHmac('sha256', key).update(`round ${round}`).digest(), 1 + mostPermuted),
  );
  const ofOne = createHmac('sha256', key).update('one digit').digest().readUInt32BE();
  const digits = new Int32Array(mostPermuted);
  const radices = new Int32Array(mostPermuted);

  const turn = (round: number, count: number, sign: 1 | -1) => {
    const half = count >> 1;
    const { message, run } = functions[round]!;
    const secondHalf = round % 2 === 0;
    const from = secondHalf ? 0 : half;
    const to = secondHalf ? half : count;
    message.fill(0);
    message[0] = count;
    for (let index = from, at = 1; index < to; index++) {
      message[at++] = digits[index]! & 0xff;
      message[at++] = digits[index]! >>> 8;
    }
    const output = run();
    const changed = secondHalf ? half : 0;
    const changedTo = secondHalf ? count : half;
    for (let index = changed, at = 0; index < changedTo; index++, at += 2) {
      const radix = radices[index]!;
      const word = (output[at]! | (output[at + 1]! << 8)) % radix;
      digits[index] = (digits[index]! + (sign === 1 ? word : radix - word)) % radix;
    }
  };

  return {
    digits,
    radices,
    run: (count) => {
      if (count === 0) return;
      for (let round = 0; round < rounds; round++) turn(round, count, 1);
      if (!isSmall(radices, count)) return;
      const last = count - 1;
      const step = count === 1 ? 1 + (ofOne % (radices[0]! - 1)) : 1;
      digits[last] = (digits[last]! + step) % radices[last]!;
      for (let round = rounds - 1; round >= 0; round--) turn(round, count, -1);
    },
  };
}

function isSmall(radices: Int32Array, count: number): boolean {
  let values = 1;
  for (let index = 0; index < count && values < smallDomain; index++) values *= radices[index]!;
  return values < smallDomain;
}
