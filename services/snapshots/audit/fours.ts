/** Four bytes of ASCII at a time, the first of them lowest: none has its high bit, so that a sum of two that reaches it says what a byte is. */

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

/** Which of four bytes is the first with its high bit. */
export function firstByteOf(four: number): number {
  return (31 - Math.clz32(four & -four)) >> 3;
}
