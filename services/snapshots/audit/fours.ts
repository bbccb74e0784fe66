/** Four bytes at a time, the first of them lowest. */

/** The first high bit is that of the first byte that is zero; of those behind it some are none. */
export function zerosIn(four: number): number {
  return (four - 0x01010101) & ~four & 0x80808080;
}

/** Which of four bytes is the first with its high bit. */
export function firstByteOf(four: number): number {
  return (31 - Math.clz32(four & -four)) >> 3;
}

/** Bytes, and how they are read by four, or beyond their end, where their buffer goes on. */
export interface Viewed {
  bytes: Uint8Array;
  view: DataView;
}

/** A buffer that is larger is not held until the next one comes. */
const mostHeldBytes = 1 << 20;

export function viewOf(last: Viewed, bytes: Uint8Array): DataView {
  if (last.bytes === bytes) return last.view;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (bytes.buffer.byteLength > mostHeldBytes) return view;
  last.bytes = bytes;
  last.view = view;
  return view;
}
