import { hash } from 'node:crypto';
import { compress, finish, initialState, readBlock, type State, writeDigest } from './sha256.ts';

const blockBytes = 64;
/** From here on OpenSSL is quicker: two calls of it cost as much as three or four blocks here, its blocks a tenth of one. */
const longBytes = 192;

/** The 32 bytes of a hash as eight numbers below 2³². Overwritten by the next call of the function that gave it. */
export type Digest = Uint32Array;

/** HMAC-SHA-256 (RFC 2104), the two blocks of the key hashed once: what is left of a short value is two blocks. */
export function createHmacSha256(key: Uint8Array): (bytes: Uint8Array, start: number, end: number) => Digest {
  const inner = stateOf(key, 0x36);
  const outer = stateOf(key, 0x5c);
  const state = new Int32Array(8);
  const words = new Int32Array(16);
  const ending = new Int32Array(16);
  ending[8] = 0x80000000;
  ending[15] = (blockBytes + 32) * 8;
  const digest = new Uint32Array(8);
  const ofLong = createLongHmac(key, Buffer.from(digest.buffer));

  return (bytes, start, end) => {
    if (end - start >= longBytes) {
      ofLong(bytes, start, end);
      return digest;
    }
    let from = inner;
    let at = start;
    for (; end - at >= blockBytes; at += blockBytes) {
      readBlock(words, bytes, at);
      compress(from, words, state);
      from = state;
    }
    // The eight words of the inner hash stand at the beginning of the outer block, whose rest is always the same.
    finish(from, words, bytes, at, end, blockBytes + end - start, ending);
    compress(outer, ending, state);
    writeDigest(state, digest);
    return digest;
  };
}

/**
 * The same as two one-shot hashes, for `createHmac` takes 3–18 µs. Each leaves OpenSSL as a string of bytes: to make a
 * Buffer of it costs three times a short hash (1.8 µs, measured on Node 24).
 */
function createLongHmac(key: Uint8Array, digest: Buffer): (bytes: Uint8Array, start: number, end: number) => void {
  let inner = Buffer.concat([padded(key, 0x36), Buffer.alloc(4 * longBytes)]);
  const outer = Buffer.concat([padded(key, 0x5c), Buffer.alloc(32)]);
  return (bytes, start, end) => {
    const length = blockBytes + end - start;
    if (length > inner.length) inner = Buffer.concat([inner.subarray(0, blockBytes), Buffer.alloc(length * 2)]);
    inner.set(bytes.subarray(start, end), blockBytes);
    outer.write(hash('sha256', inner.subarray(0, length), 'binary'), blockBytes, 'latin1');
    digest.write(hash('sha256', outer, 'binary'), 0, 'latin1');
  };
}

/**
 * SHA-256 over a secret block and a short message: half the price of an HMAC. A pseudorandom function as long as no
 * message is a prefix of another, which the caller sees to by a fixed layout; used for the rounds of a permutation.
 *
 * @param messageBytes less than a block
 */
export function createRoundFunction(key: Uint8Array, messageBytes: number): { message: Buffer; run: () => Uint8Array } {
  if (messageBytes >= blockBytes) throw new RangeError(`a message has less than ${blockBytes} bytes`);
  const begun = stateOf(key, 0x36);
  const message = Buffer.alloc(messageBytes);
  const state = new Int32Array(8);
  const words = new Int32Array(16);
  const digest = new Uint32Array(8);
  const result = new Uint8Array(digest.buffer);
  return {
    message,
    run: () => {
      finish(begun, words, message, 0, messageBytes, blockBytes + messageBytes, state);
      writeDigest(state, digest);
      return result;
    },
  };
}

/** After the block that a key is. */
function stateOf(key: Uint8Array, pad: number): State {
  const words = new Int32Array(16);
  readBlock(words, padded(key, pad), 0);
  const state = new Int32Array(8);
  compress(initialState, words, state);
  return state;
}

function padded(key: Uint8Array, pad: number): Uint8Array {
  if (key.length > blockBytes) throw new RangeError(`a key has ${blockBytes} bytes at most`);
  return Uint8Array.from({ length: blockBytes }, (_, index) => (key[index] ?? 0) ^ pad);
}
