import { compress, finish, initialState, readBlock, type State, writeDigest } from './sha256.ts';

const blockBytes = 64;

/** The 32 bytes of a hash as eight numbers below 2³². Overwritten by the next call of the function that gave it. */
export type Digest = Uint32Array;

/** HMAC-SHA-256 (RFC 2104), the two blocks of the key hashed once: what is left for a short value is two blocks more. */
export function createHmacSha256(key: Uint8Array): (bytes: Uint8Array, start: number, end: number) => Digest {
  const inner = stateOf(key, 0x36);
  const outer = stateOf(key, 0x5c);
  const state = new Int32Array(8);
  const words = new Int32Array(16);
  const ending = new Int32Array(16);
  ending[8] = 0x80000000;
  ending[15] = (blockBytes + 32) * 8;
  const digest = new Uint32Array(8);

  return (bytes, start, end) => {
    let from = inner;
    let at = start;
    for (; end - at >= blockBytes; at += blockBytes) {
      readBlock(words, bytes, at);
      compress(from, words, state);
      from = state;
    }
    if (from === inner) state.set(inner);
    finish(state, words, bytes, at, end, blockBytes + end - start);
    for (let word = 0; word < 8; word++) ending[word] = state[word]!;
    compress(outer, ending, state);
    writeDigest(state, digest);
    return digest;
  };
}

/**
 * SHA-256 over a secret block and a short message: half the price of an HMAC. A pseudorandom function as long as no
 * message is a prefix of another, which the caller sees to by a fixed layout; used for the rounds of a permutation.
 */
export function createRoundFunction(key: Uint8Array, messageBytes: number): { message: Buffer; run: () => Uint8Array } {
  const begun = stateOf(key, 0x36);
  const message = Buffer.alloc(messageBytes);
  const state = new Int32Array(8);
  const words = new Int32Array(16);
  const digest = new Uint32Array(8);
  const result = new Uint8Array(digest.buffer);
  return {
    message,
    run: () => {
      state.set(begun);
      finish(state, words, message, 0, messageBytes, blockBytes + messageBytes);
      writeDigest(state, digest);
      return result;
    },
  };
}

/** After the block that a key is. */
function stateOf(key: Uint8Array, pad: number): State {
  if (key.length > blockBytes) throw new RangeError(`a key has ${blockBytes} bytes at most`);
  const block = Uint8Array.from({ length: blockBytes }, (_, index) => (key[index] ?? 0) ^ pad);
  const words = new Int32Array(16);
  readBlock(words, block, 0);
  const state = new Int32Array(8);
  compress(initialState, words, state);
  return state;
}
