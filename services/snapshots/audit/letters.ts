/** Characters of UTF-8 as the audit compares them: which are letters, and the small one of each. */

export const separator = 0;
/** The first byte of a character of two or three bytes: some are spaces, dashes or quotation marks, others capital letters. */
export const ofTwo = 1;
export const ofThree = 2;

/** By byte. A letter is two bytes at least beyond ASCII, so that nothing else is as small as these. */
export const fold = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  if ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a)) return byte;
  if (byte >= 0xc2 && byte <= 0xdf) return ofTwo;
  if (byte >= 0xe0 && byte <= 0xef) return ofThree;
  return byte >= 0x80 ? byte : separator;
});

/** By code point of two or three bytes, the small letter: what is no letter is itself. */
const small = smallLetters();

function smallLetters(): Uint16Array {
  const letters = Uint16Array.from({ length: 0x10000 }, (_, point) => point);
  // Those with case: Latin to Armenian, Georgian, Cherokee, the Latin and Greek additions, Coptic and others, full width.
  const blocks = [
    [0xc0, 0x590],
    [0x10a0, 0x1100],
    [0x13a0, 0x1400],
    [0x1c80, 0x1cc0],
    [0x1d00, 0x2000],
    [0x2100, 0x2200],
    [0x2460, 0x2500],
    [0x2c00, 0x2e00],
    [0xa640, 0xabc0],
    [0xff20, 0xff40],
  ] as const;
  for (const [from, to] of blocks) {
    for (let point = from; point < to; point++) {
      const lower = String.fromCharCode(point).toLowerCase();
      if (lower.length === 1) letters[point] = lower.charCodeAt(0);
    }
  }
  // What a Turkish I with a dot becomes, and the sigma at the end of a word, is a matter of the locale.
  letters[0x130] = 0x69;
  letters[0x3c2] = 0x3c3;
  return letters;
}

/** The bytes of a code point in UTF-8, the first of them lowest. */
export function encoded(point: number): number {
  if (point < 0x80) return point;
  const last = 0x80 | (point & 0x3f);
  if (point < 0x800) return 0xc0 | (point >>> 6) | (last << 8);
  return 0xe0 | (point >>> 12) | ((0x80 | ((point >>> 6) & 0x3f)) << 8) | (last << 16);
}

/** Where a character is cut off in its middle. */
export const none = -1;

/** The small letter of a character of two or three bytes, as a code point. */
export function smallOf(bytes: Uint8Array, index: number, length: number): number {
  const second = bytes[index + 1]!;
  const third = length === 3 ? bytes[index + 2]! : 0x80;
  if ((second & 0xc0) !== 0x80 || (third & 0xc0) !== 0x80) return none;
  const lead = bytes[index]!;
  if (length === 2) return small[((lead & 0x1f) << 6) | (second & 0x3f)]!;
  return small[((lead & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f)]!;
}

/** No-break space and its like (C2 A0–BF), general punctuation (E2 80–81), ideographic punctuation (E3 80). */
export function separatorLength(bytes: Uint8Array, index: number): number {
  const lead = bytes[index]!;
  if (lead !== 0xc2 && lead !== 0xe2 && lead !== 0xe3) return 0;
  const next = bytes[index + 1] ?? 0;
  if (lead === 0xc2) return next >= 0xa0 && next <= 0xbf ? 2 : 0;
  if (lead === 0xe2) return next === 0x80 || next === 0x81 ? 3 : 0;
  return next === 0x80 ? 3 : 0;
}
