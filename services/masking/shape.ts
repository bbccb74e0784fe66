import { createHmac } from 'node:crypto';
import { createStream } from './digest.ts';
import { createHmacSha256, createRoundFunction } from './hmac.ts';

/**
 * Replaces digits by digits and letters by letters of the same case, in place, and returns the new end; everything
 * else in ASCII stays, and a character outside it becomes a letter.
 *
 * Up to 32 such characters are permuted by a four-round Feistel network on their digits (Luby and Rackoff: four rounds
 * make a strong pseudorandom permutation): different originals of one shape come out different, so a unique constraint
 * on ten digits holds, where a hash of ten digits collides 50 times in a million. Longer values, and those with
 * characters outside ASCII, take their characters from a hash of the whole value: more than 100 bits.
 */
export type ReplaceShape = (bytes: Buffer, start: number, end: number) => number;

const mostPermuted = 32;
const rounds = 4;

const zero = 0x30;
const lowerA = 0x61;
const upperA = 0x41;

export function createShapeReplacement(key: Uint8Array, options: { keepHexadecimal: boolean }): ReplaceShape {
  const hmac = createHmacSha256(key);
  const stream = createStream();
  // A round's message has a fixed layout: how many characters in all, then the other half's digits, zero padded.
  const functions = Array.from({ length: rounds }, (_, round) =>
    createRoundFunction(createHmac('sha256', key).update(`round ${round}`).digest(), 1 + mostPermuted / 2),
  );
  const positions = new Int32Array(mostPermuted);
  const digits = new Int32Array(mostPermuted);
  const bases = new Int32Array(mostPermuted);

  return (bytes, start, end) => {
    const hexBase = options.keepHexadecimal ? hexBaseOf(bytes, start, end) : 0;
    let count = 0;
    for (let index = start; index < end; index++) {
      const byte = bytes[index]!;
      const base = baseOf(byte);
      if (base === 0 && byte < 0x80) continue;
      if (byte >= 0x80 || count === mostPermuted) {
        stream.seed(hmac(bytes, start, end));
        return replaceAll(bytes, start, end, stream.next, hexBase);
      }
      positions[count] = index;
      bases[count] = base;
      digits[count] = hexBase === 0 || base === zero ? byte - base : byte - base + 10;
      count++;
    }
    const half = count >> 1;
    for (let round = 0; round < rounds; round++) {
      const { message, run } = functions[round]!;
      const secondHalf = round % 2 === 0;
      const from = secondHalf ? 0 : half;
      const to = secondHalf ? half : count;
      message.fill(0);
      message[0] = count;
      for (let index = from; index < to; index++) message[1 + index - from] = digits[index]!;
      const output = run();
      const changed = secondHalf ? half : 0;
      const changedTo = secondHalf ? count : half;
      for (let index = changed, at = 0; index < changedTo; index++, at += 2) {
        const word = output[at]! | (output[at + 1]! << 8);
        digits[index] = (digits[index]! + word) % radixOf(bases[index]!, hexBase);
      }
    }
    for (let index = 0; index < count; index++) {
      bytes[positions[index]!] = characterOf(digits[index]!, bases[index]!, hexBase);
    }
    return end;
  };
}

/** The first character of the class that a byte belongs to; 0 for none. */
function baseOf(byte: number): number {
  if (byte >= zero && byte <= 0x39) return zero;
  if (byte >= lowerA && byte <= 0x7a) return lowerA;
  if (byte >= upperA && byte <= 0x5a) return upperA;
  return 0;
}

function radixOf(base: number, hexBase: number): number {
  if (hexBase !== 0) return 16;
  return base === zero ? 10 : 26;
}

function characterOf(digit: number, base: number, hexBase: number): number {
  if (hexBase === 0) return base + digit;
  return digit < 10 ? zero + digit : hexBase + digit - 10;
}

/** The `a` or `A` of a key or digest in hexadecimal, which stays hexadecimal; 0 for others. Anything shorter may be a word. */
function hexBaseOf(bytes: Buffer, start: number, end: number): number {
  if (end - start < 16) return 0;
  let lower = 0;
  let digits = 0;
  let upper = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    if (byte >= zero && byte <= 0x39) digits++;
    else if (byte >= lowerA && byte <= 0x66) lower++;
    else if (byte >= upperA && byte <= 0x46) upper++;
    else if (byte !== 0x2d && byte !== 0x3a) return 0;
  }
  if (digits === 0 || lower > 0 === upper > 0) return 0;
  return lower > 0 ? lowerA : upperA;
}

function replaceAll(bytes: Buffer, start: number, end: number, next: () => number, hexBase: number): number {
  let at = start;
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    // The second and later bytes of a character in UTF-8.
    if ((byte & 0xc0) === 0x80) continue;
    const base = byte >= 0x80 ? lowerA : baseOf(byte);
    bytes[at++] = base === 0 ? byte : characterOf(next() % radixOf(base, hexBase), base, hexBase);
  }
  return at;
}
