/** SHA-256 (FIPS 180-4) a block at a time, so that what begins with the same block is begun from its state. */

/** Eight 32-bit words; what is between two blocks. */
export type State = Int32Array;

/** The first 32 bits behind the point of roots of the first primes (sections 4.2.2 and 5.3.3). */
const primes = Array.from({ length: 312 }, (_, n) => n).filter((n) => n > 1 && !hasDivisor(n));
const k = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
export const initialState: State = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

function hasDivisor(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return true;
  return false;
}

function fraction(root: number): number {
  return ((root % 1) * 2 ** 32) | 0;
}

/**
 * Adds a block of 16 words (section 6.2.2); `to` may be `state`. Written out, sixteen rounds a turn, because a short value
 * pays more for a call into OpenSSL (0.55 µs) than for its block (0.3 µs); an HMAC takes two of either. A sum of three
 * rotations is written as rotations of one another, and the majority by what differs, half of which the next round needs,
 * too: a tenth less work.
 */
// biome-ignore format: a round is two lines, as in the standard, and not twenty
export function compress(state: State, words: Int32Array, to: State): void {
  let t = 0;
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!;
  let w0 = words[0]!, w1 = words[1]!, w2 = words[2]!, w3 = words[3]!, w4 = words[4]!, w5 = words[5]!, w6 = words[6]!, w7 = words[7]!;
  let w8 = words[8]!, w9 = words[9]!, w10 = words[10]!, w11 = words[11]!, w12 = words[12]!, w13 = words[13]!, w14 = words[14]!, w15 = words[15]!;
  for (let at = 0; ; at += 16) {
    t = e ^ ((e >>> 14) | (e << 18)); t = e ^ ((t >>> 5) | (t << 27)); h = (h + ((t >>> 6) | (t << 26)) + (g ^ (e & (f ^ g))) + k[at]! + w0) | 0;
    d = (d + h) | 0; t = a ^ ((a >>> 9) | (a << 23)); t = a ^ ((t >>> 11) | (t << 21)); h = (h + ((t >>> 2) | (t << 30)) + (b ^ ((a ^ b) & (b ^ c)))) | 0;
    t = d ^ ((d >>> 14) | (d << 18)); t = d ^ ((t >>> 5) | (t << 27)); g = (g + ((t >>> 6) | (t << 26)) + (f ^ (d & (e ^ f))) + k[at + 1]! + w1) | 0;
    c = (c + g) | 0; t = h ^ ((h >>> 9) | (h << 23)); t = h ^ ((t >>> 11) | (t << 21)); g = (g + ((t >>> 2) | (t << 30)) + (a ^ ((h ^ a) & (a ^ b)))) | 0;
    t = c ^ ((c >>> 14) | (c << 18)); t = c ^ ((t >>> 5) | (t << 27)); f = (f + ((t >>> 6) | (t << 26)) + (e ^ (c & (d ^ e))) + k[at + 2]! + w2) | 0;
    b = (b + f) | 0; t = g ^ ((g >>> 9) | (g << 23)); t = g ^ ((t >>> 11) | (t << 21)); f = (f + ((t >>> 2) | (t << 30)) + (h ^ ((g ^ h) & (h ^ a)))) | 0;
    t = b ^ ((b >>> 14) | (b << 18)); t = b ^ ((t >>> 5) | (t << 27)); e = (e + ((t >>> 6) | (t << 26)) + (d ^ (b & (c ^ d))) + k[at + 3]! + w3) | 0;
    a = (a + e) | 0; t = f ^ ((f >>> 9) | (f << 23)); t = f ^ ((t >>> 11) | (t << 21)); e = (e + ((t >>> 2) | (t << 30)) + (g ^ ((f ^ g) & (g ^ h)))) | 0;
    t = a ^ ((a >>> 14) | (a << 18)); t = a ^ ((t >>> 5) | (t << 27)); d = (d + ((t >>> 6) | (t << 26)) + (c ^ (a & (b ^ c))) + k[at + 4]! + w4) | 0;
    h = (h + d) | 0; t = e ^ ((e >>> 9) | (e << 23)); t = e ^ ((t >>> 11) | (t << 21)); d = (d + ((t >>> 2) | (t << 30)) + (f ^ ((e ^ f) & (f ^ g)))) | 0;
    t = h ^ ((h >>> 14) | (h << 18)); t = h ^ ((t >>> 5) | (t << 27)); c = (c + ((t >>> 6) | (t << 26)) + (b ^ (h & (a ^ b))) + k[at + 5]! + w5) | 0;
    g = (g + c) | 0; t = d ^ ((d >>> 9) | (d << 23)); t = d ^ ((t >>> 11) | (t << 21)); c = (c + ((t >>> 2) | (t << 30)) + (e ^ ((d ^ e) & (e ^ f)))) | 0;
    t = g ^ ((g >>> 14) | (g << 18)); t = g ^ ((t >>> 5) | (t << 27)); b = (b + ((t >>> 6) | (t << 26)) + (a ^ (g & (h ^ a))) + k[at + 6]! + w6) | 0;
    f = (f + b) | 0; t = c ^ ((c >>> 9) | (c << 23)); t = c ^ ((t >>> 11) | (t << 21)); b = (b + ((t >>> 2) | (t << 30)) + (d ^ ((c ^ d) & (d ^ e)))) | 0;
    t = f ^ ((f >>> 14) | (f << 18)); t = f ^ ((t >>> 5) | (t << 27)); a = (a + ((t >>> 6) | (t << 26)) + (h ^ (f & (g ^ h))) + k[at + 7]! + w7) | 0;
    e = (e + a) | 0; t = b ^ ((b >>> 9) | (b << 23)); t = b ^ ((t >>> 11) | (t << 21)); a = (a + ((t >>> 2) | (t << 30)) + (c ^ ((b ^ c) & (c ^ d)))) | 0;
    t = e ^ ((e >>> 14) | (e << 18)); t = e ^ ((t >>> 5) | (t << 27)); h = (h + ((t >>> 6) | (t << 26)) + (g ^ (e & (f ^ g))) + k[at + 8]! + w8) | 0;
    d = (d + h) | 0; t = a ^ ((a >>> 9) | (a << 23)); t = a ^ ((t >>> 11) | (t << 21)); h = (h + ((t >>> 2) | (t << 30)) + (b ^ ((a ^ b) & (b ^ c)))) | 0;
    t = d ^ ((d >>> 14) | (d << 18)); t = d ^ ((t >>> 5) | (t << 27)); g = (g + ((t >>> 6) | (t << 26)) + (f ^ (d & (e ^ f))) + k[at + 9]! + w9) | 0;
    c = (c + g) | 0; t = h ^ ((h >>> 9) | (h << 23)); t = h ^ ((t >>> 11) | (t << 21)); g = (g + ((t >>> 2) | (t << 30)) + (a ^ ((h ^ a) & (a ^ b)))) | 0;
    t = c ^ ((c >>> 14) | (c << 18)); t = c ^ ((t >>> 5) | (t << 27)); f = (f + ((t >>> 6) | (t << 26)) + (e ^ (c & (d ^ e))) + k[at + 10]! + w10) | 0;
    b = (b + f) | 0; t = g ^ ((g >>> 9) | (g << 23)); t = g ^ ((t >>> 11) | (t << 21)); f = (f + ((t >>> 2) | (t << 30)) + (h ^ ((g ^ h) & (h ^ a)))) | 0;
    t = b ^ ((b >>> 14) | (b << 18)); t = b ^ ((t >>> 5) | (t << 27)); e = (e + ((t >>> 6) | (t << 26)) + (d ^ (b & (c ^ d))) + k[at + 11]! + w11) | 0;
    a = (a + e) | 0; t = f ^ ((f >>> 9) | (f << 23)); t = f ^ ((t >>> 11) | (t << 21)); e = (e + ((t >>> 2) | (t << 30)) + (g ^ ((f ^ g) & (g ^ h)))) | 0;
    t = a ^ ((a >>> 14) | (a << 18)); t = a ^ ((t >>> 5) | (t << 27)); d = (d + ((t >>> 6) | (t << 26)) + (c ^ (a & (b ^ c))) + k[at + 12]! + w12) | 0;
    h = (h + d) | 0; t = e ^ ((e >>> 9) | (e << 23)); t = e ^ ((t >>> 11) | (t << 21)); d = (d + ((t >>> 2) | (t << 30)) + (f ^ ((e ^ f) & (f ^ g)))) | 0;
    t = h ^ ((h >>> 14) | (h << 18)); t = h ^ ((t >>> 5) | (t << 27)); c = (c + ((t >>> 6) | (t << 26)) + (b ^ (h & (a ^ b))) + k[at + 13]! + w13) | 0;
    g = (g + c) | 0; t = d ^ ((d >>> 9) | (d << 23)); t = d ^ ((t >>> 11) | (t << 21)); c = (c + ((t >>> 2) | (t << 30)) + (e ^ ((d ^ e) & (e ^ f)))) | 0;
    t = g ^ ((g >>> 14) | (g << 18)); t = g ^ ((t >>> 5) | (t << 27)); b = (b + ((t >>> 6) | (t << 26)) + (a ^ (g & (h ^ a))) + k[at + 14]! + w14) | 0;
    f = (f + b) | 0; t = c ^ ((c >>> 9) | (c << 23)); t = c ^ ((t >>> 11) | (t << 21)); b = (b + ((t >>> 2) | (t << 30)) + (d ^ ((c ^ d) & (d ^ e)))) | 0;
    t = f ^ ((f >>> 14) | (f << 18)); t = f ^ ((t >>> 5) | (t << 27)); a = (a + ((t >>> 6) | (t << 26)) + (h ^ (f & (g ^ h))) + k[at + 15]! + w15) | 0;
    e = (e + a) | 0; t = b ^ ((b >>> 9) | (b << 23)); t = b ^ ((t >>> 11) | (t << 21)); a = (a + ((t >>> 2) | (t << 30)) + (c ^ ((b ^ c) & (c ^ d)))) | 0;
    if (at === 48) break;
    w0 = (w0 + w9 + (((w1 >>> 7) | (w1 << 25)) ^ ((w1 >>> 18) | (w1 << 14)) ^ (w1 >>> 3)) + (((w14 >>> 17) | (w14 << 15)) ^ ((w14 >>> 19) | (w14 << 13)) ^ (w14 >>> 10))) | 0;
    w1 = (w1 + w10 + (((w2 >>> 7) | (w2 << 25)) ^ ((w2 >>> 18) | (w2 << 14)) ^ (w2 >>> 3)) + (((w15 >>> 17) | (w15 << 15)) ^ ((w15 >>> 19) | (w15 << 13)) ^ (w15 >>> 10))) | 0;
    w2 = (w2 + w11 + (((w3 >>> 7) | (w3 << 25)) ^ ((w3 >>> 18) | (w3 << 14)) ^ (w3 >>> 3)) + (((w0 >>> 17) | (w0 << 15)) ^ ((w0 >>> 19) | (w0 << 13)) ^ (w0 >>> 10))) | 0;
    w3 = (w3 + w12 + (((w4 >>> 7) | (w4 << 25)) ^ ((w4 >>> 18) | (w4 << 14)) ^ (w4 >>> 3)) + (((w1 >>> 17) | (w1 << 15)) ^ ((w1 >>> 19) | (w1 << 13)) ^ (w1 >>> 10))) | 0;
    w4 = (w4 + w13 + (((w5 >>> 7) | (w5 << 25)) ^ ((w5 >>> 18) | (w5 << 14)) ^ (w5 >>> 3)) + (((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10))) | 0;
    w5 = (w5 + w14 + (((w6 >>> 7) | (w6 << 25)) ^ ((w6 >>> 18) | (w6 << 14)) ^ (w6 >>> 3)) + (((w3 >>> 17) | (w3 << 15)) ^ ((w3 >>> 19) | (w3 << 13)) ^ (w3 >>> 10))) | 0;
    w6 = (w6 + w15 + (((w7 >>> 7) | (w7 << 25)) ^ ((w7 >>> 18) | (w7 << 14)) ^ (w7 >>> 3)) + (((w4 >>> 17) | (w4 << 15)) ^ ((w4 >>> 19) | (w4 << 13)) ^ (w4 >>> 10))) | 0;
    w7 = (w7 + w0 + (((w8 >>> 7) | (w8 << 25)) ^ ((w8 >>> 18) | (w8 << 14)) ^ (w8 >>> 3)) + (((w5 >>> 17) | (w5 << 15)) ^ ((w5 >>> 19) | (w5 << 13)) ^ (w5 >>> 10))) | 0;
    w8 = (w8 + w1 + (((w9 >>> 7) | (w9 << 25)) ^ ((w9 >>> 18) | (w9 << 14)) ^ (w9 >>> 3)) + (((w6 >>> 17) | (w6 << 15)) ^ ((w6 >>> 19) | (w6 << 13)) ^ (w6 >>> 10))) | 0;
    w9 = (w9 + w2 + (((w10 >>> 7) | (w10 << 25)) ^ ((w10 >>> 18) | (w10 << 14)) ^ (w10 >>> 3)) + (((w7 >>> 17) | (w7 << 15)) ^ ((w7 >>> 19) | (w7 << 13)) ^ (w7 >>> 10))) | 0;
    w10 = (w10 + w3 + (((w11 >>> 7) | (w11 << 25)) ^ ((w11 >>> 18) | (w11 << 14)) ^ (w11 >>> 3)) + (((w8 >>> 17) | (w8 << 15)) ^ ((w8 >>> 19) | (w8 << 13)) ^ (w8 >>> 10))) | 0;
    w11 = (w11 + w4 + (((w12 >>> 7) | (w12 << 25)) ^ ((w12 >>> 18) | (w12 << 14)) ^ (w12 >>> 3)) + (((w9 >>> 17) | (w9 << 15)) ^ ((w9 >>> 19) | (w9 << 13)) ^ (w9 >>> 10))) | 0;
    w12 = (w12 + w5 + (((w13 >>> 7) | (w13 << 25)) ^ ((w13 >>> 18) | (w13 << 14)) ^ (w13 >>> 3)) + (((w10 >>> 17) | (w10 << 15)) ^ ((w10 >>> 19) | (w10 << 13)) ^ (w10 >>> 10))) | 0;
    w13 = (w13 + w6 + (((w14 >>> 7) | (w14 << 25)) ^ ((w14 >>> 18) | (w14 << 14)) ^ (w14 >>> 3)) + (((w11 >>> 17) | (w11 << 15)) ^ ((w11 >>> 19) | (w11 << 13)) ^ (w11 >>> 10))) | 0;
    w14 = (w14 + w7 + (((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3)) + (((w12 >>> 17) | (w12 << 15)) ^ ((w12 >>> 19) | (w12 << 13)) ^ (w12 >>> 10))) | 0;
    w15 = (w15 + w8 + (((w0 >>> 7) | (w0 << 25)) ^ ((w0 >>> 18) | (w0 << 14)) ^ (w0 >>> 3)) + (((w13 >>> 17) | (w13 << 15)) ^ ((w13 >>> 19) | (w13 << 13)) ^ (w13 >>> 10))) | 0;
  }
  to[0] = state[0]! + a; to[1] = state[1]! + b; to[2] = state[2]! + c; to[3] = state[3]! + d;
  to[4] = state[4]! + e; to[5] = state[5]! + f; to[6] = state[6]! + g; to[7] = state[7]! + h;
}

/** Reads a block of 64 bytes, in which words are big-endian. */
export function readBlock(words: Int32Array, bytes: Uint8Array, start: number): void {
  readWords(words, bytes, start, start + 64);
}

/**
 * Adds what is left of a message after whole blocks, with the padding (section 5.1.1).
 *
 * @param from the state after those blocks
 * @param length of the whole message in bytes, what was before `start` included
 * @param to gets the hash in its first eight words; it may be `from`
 */
export function finish(
  from: State,
  words: Int32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  length: number,
  to: State,
): void {
  let state = from;
  let word = readWords(words, bytes, start, end);
  let last = 0x80000000;
  for (let at = end - 1; at >= start + word * 4; at--) last = (last >>> 8) | (bytes[at]! << 24);
  words[word++] = last;
  if (word > 14) {
    if (word === 15) words[15] = 0;
    compress(state, words, to);
    state = to;
    word = 0;
  }
  // A loop: the native fill costs more than so few words.
  while (word < 14) words[word++] = 0;
  words[14] = length / 2 ** 29;
  words[15] = length << 3;
  compress(state, words, to);
}

/** @returns how many words there were, four bytes each */
function readWords(words: Int32Array, bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let at = start; end - at >= 4; at += 4)
    words[word++] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return word;
}

/** The state's bytes, as they stand in a digest, into eight numbers whose own bytes are little-endian. */
export function writeDigest(state: State, digest: Uint32Array): void {
  for (let word = 0; word < 8; word++) {
    const value = state[word]!;
    digest[word] = (value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24);
  }
}
