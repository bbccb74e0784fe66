/** Characters of UTF-8 as the audit compares them: which are letters, and the small one of each. */

export const separator = 0;
/** The first byte of a character of two, three or four bytes: some are between words, others capital letters. */
export const ofTwo = 1;
export const ofThree = 2;
export const ofFour = 3;

/** By byte. A letter is two bytes at least beyond ASCII, so that nothing else is as small as these. */
export const fold = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  if ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a)) return byte;
  if (byte >= 0xc2 && byte <= 0xdf) return ofTwo;
  if (byte >= 0xe0 && byte <= 0xef) return ofThree;
  if (byte >= 0xf0 && byte <= 0xf4) return ofFour;
  return byte >= 0x80 ? byte : separator;
});

/** By code point of two or three bytes: the small letter, and what it is to words. Made when the first such character comes: 40 ms. */
let tables: { small: Uint16Array; roles: Uint8Array } | undefined;

function tablesOf(): NonNullable<typeof tables> {
  tables ??= { small: smallLetters(), roles: rolesOf() };
  return tables;
}

/** What is no letter is itself. */
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

function pointOf(bytes: Uint8Array, index: number, length: number): number {
  let point = bytes[index]! & (0xff >>> (length + 1));
  for (let next = index + 1; next < index + length; next++) {
    if ((bytes[next]! & 0xc0) !== 0x80) return none;
    point = (point << 6) | (bytes[next]! & 0x3f);
  }
  return point;
}

/** The small letter of a character of two or three bytes, as a code point. */
export function smallOf(bytes: Uint8Array, index: number, length: number): number {
  const point = pointOf(bytes, index, length);
  return point === none ? none : tablesOf().small[point]!;
}

/** What a character is to words. */
const letter = 0;
/** Of a script that puts no spaces between words, so that what others write in between is a word of its own: `电话13812345678`. */
const unspaced = 1;
const between = 2;

const isLetter = (point: number) =>
  /[\p{L}\p{N}\p{Mn}\p{Mc}]/u.test(String.fromCodePoint(point)) && !(point >= 0xfe00 && point <= 0xfe0f);

function rolesOf(): Uint8Array {
  const roles = Uint8Array.from({ length: 0x10000 }, (_, point) => (isLetter(point) ? letter : between));
  // Thai and Lao; Burmese; Khmer; ideographs, kana and Hangul; their compatible forms, and those of half width.
  const blocks = [
    [0xe00, 0xf00],
    [0x1000, 0x10a0],
    [0x1780, 0x1800],
    [0x2e80, 0xd800],
    [0xf900, 0xfb00],
    [0xff66, 0xffe0],
  ] as const;
  for (const [from, to] of blocks)
    for (let point = from; point < to; point++) if (roles[point] === letter) roles[point] = unspaced;
  return roles;
}

/** Of four bytes, as they come, whether they stand between words. */
const mostKnown = 4096;
const beyond = new Map<number, boolean>();

/** How many bytes a character beyond ASCII has that stands between words: a space, a sign, a picture; 0 where it is a letter. */
export function separatorLength(bytes: Uint8Array, index: number): number {
  const length = lengthOf(fold[bytes[index]!]!);
  if (length === 0) return 0;
  const point = pointOf(bytes, index, length);
  if (point === none) return 0;
  if (length < 4) return tablesOf().roles[point] === between ? length : 0;
  let isBetween = beyond.get(point);
  if (isBetween === undefined) {
    isBetween = point < 0x110000 && !isLetter(point);
    if (beyond.size < mostKnown) beyond.set(point, isBetween);
  }
  return isBetween ? 4 : 0;
}

function lengthOf(folded: number): number {
  return folded > ofFour || folded === separator ? 0 : folded + 1;
}

/** Whether a small letter is of a script that puts no spaces between words. */
export function isUnspaced(point: number): boolean {
  return point >= 0 && tablesOf().roles[point] === unspaced;
}
