/** Four bytes at a time, the first of them lowest. Of ASCII none has its high bit, so that a sum of two that reaches it says what a byte is. */

export const highBits = 0x80808080 | 0;
/** By how many of four bytes, the first lowest. */
export const firstBytes = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1);

/** The high bits of those of four ASCII bytes that are letters: sums reach the high bit from `a` on, or beyond `z`. */
export function lettersIn(four: number): number {
  const small = four | 0x20202020;
  return (small + 0x1f1f1f1f) & ~(small + 0x05050505) & highBits;
}

export function digitsIn(four: number): number {
  return (four + 0x50505050) & ~(four + 0x46464646) & highBits;
}

/** The first high bit is that of the first byte that is zero; of those behind it some are none. */
export function zerosIn(four: number): number {
  return (four - 0x01010101) & ~four & highBits;
}

/** Which of four bytes is the first with its high bit. */
export function firstByteOf(four: number): number {
  return (31 - Math.clz32(four & -four)) >> 3;
}

/** Bytes, and how they are read by four. */
export interface Viewed {
  bytes: Uint8Array;
  view: DataView;
}

/** A buffer that is larger is not held until the next one comes. */
const mostHeldBytes = 1 << 20;

export function viewOf(last: Viewed, bytes: Uint8Array): DataView {
  if (last.bytes === bytes) return last.view;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.buffer.byteLength > mostHeldBytes) return view;
  last.bytes = bytes;
  last.view = view;
  return view;
}
