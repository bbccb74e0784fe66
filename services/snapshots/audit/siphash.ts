/** The 64 bits of a hash as two whole numbers of 32, overwritten by the next call of the function that gave them. */
export interface Hash64 {
  high: number;
  low: number;
}

/**
 * SipHash-1-3, a pseudorandom function for short messages under a key of 16 bytes
 * (Aumasson and Bernstein, https://131002.net/siphash/siphash.pdf), in as many rounds as the hash tables of Python and Rust
 * take: without the key, a hash tells nothing of its value.
 *
 * It hashes whole numbers of four bytes, little-endian. Each 64-bit word is two 32-bit halves, because BigInt costs a hundred times as much; carries come without a branch,
 * which would be guessed wrong every other time.
 */
export function createSipHash(key: Uint8Array): (fours: Int32Array, start: number, end: number) => Hash64 {
  if (key.length !== 16) throw new RangeError('SipHash takes a key of 16 bytes');
  const view = new DataView(key.buffer, key.byteOffset, 16);
  const [k0l, k0h, k1l, k1h] = [0, 4, 8, 12].map((offset) => view.getInt32(offset, true)) as [
    number,
    number,
    number,
    number,
  ];
  const result = { high: 0, low: 0 };

  return (fours, start, end) => {
    let v0l = k0l ^ 0x70736575;
    let v0h = k0h ^ 0x736f6d65;
    let v1l = k1l ^ 0x6e646f6d;
    let v1h = k1h ^ 0x646f7261;
    let v2l = k0l ^ 0x6e657261;
    let v2h = k0h ^ 0x6c796765;
    let v3l = k1l ^ 0x79746573;
    let v3h = k1h ^ 0x74656462;
    const blocks = (end - start) >> 1;
    // A round for each block, of which the last holds what is left and the length, and three more.
    for (let round = 0; round < blocks + 4; round++) {
      let ml = 0;
      let mh = 0;
      if (round < blocks) {
        ml = fours[start + round * 2]!;
        mh = fours[start + round * 2 + 1]!;
      } else if (round === blocks) {
        if (start + round * 2 < end) ml = fours[start + round * 2]!;
        mh = (end - start) << 26;
      } else if (round === blocks + 1) v2l ^= 0xff;
      v3l ^= ml;
      v3h ^= mh;

      let low = (v0l + v1l) | 0;
      let high = (v0h + v1h + (((v0l & v1l) | ((v0l | v1l) & ~low)) >>> 31)) | 0;
      let turned = (v1l << 13) | (v1h >>> 19);
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ high;
      v1l = turned ^ low;
      v0l = high;
      v0h = low;

      low = (v2l + v3l) | 0;
      high = (v2h + v3h + (((v2l & v3l) | ((v2l | v3l) & ~low)) >>> 31)) | 0;
      turned = (v3l << 16) | (v3h >>> 16);
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ high;
      v3l = turned ^ low;
      v2l = low;
      v2h = high;

      low = (v0l + v3l) | 0;
      high = (v0h + v3h + (((v0l & v3l) | ((v0l | v3l) & ~low)) >>> 31)) | 0;
      turned = (v3l << 21) | (v3h >>> 11);
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ high;
      v3l = turned ^ low;
      v0l = low;
      v0h = high;

      low = (v2l + v1l) | 0;
      high = (v2h + v1h + (((v2l & v1l) | ((v2l | v1l) & ~low)) >>> 31)) | 0;
      turned = (v1l << 17) | (v1h >>> 15);
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ high;
      v1l = turned ^ low;
      v2l = high;
      v2h = low;

      v0l ^= ml;
      v0h ^= mh;
    }
    result.low = v0l ^ v1l ^ v2l ^ v3l;
    result.high = v0h ^ v1h ^ v2h ^ v3h;
    return result;
  };
}
