/**
 * Letters, marks and numbers outside ASCII, in classes of which any can stand for any other: of one script, one case, and
 * one length in UTF-8. So a value in another script keeps its shape, and different values stay different, as those in
 * ASCII do.
 */
export interface LetterClass {
  letters: Int32Array;
}

export interface Letter {
  class: LetterClass;
  /** Where among the class's letters. */
  index: number;
}

/** First and last code points of Latin, Greek, Cyrillic, Hebrew, Arabic, kana, Chinese characters and Hangul. */
const ranges: [number, number][] = [
  ...([
    [0xc0, 0xff],
    [0x100, 0x17f],
    [0x391, 0x3c9],
    [0x410, 0x44f],
    [0x5d0, 0x5ea],
  ] as [number, number][]),
  ...([
    [0x621, 0x63a],
    [0x641, 0x64a],
    [0x3041, 0x3096],
    [0x30a1, 0x30fa],
    [0x4e00, 0x9fff],
  ] as [number, number][]),
  [0xac00, 0xd7a3],
];

/** Letters, marks (vowels of Devanagari and Thai) and numbers; what else there is are signs. */
const written = /^[\p{L}\p{M}\p{N}]$/u;
const letter = /^\p{L}$/u;
const mark = /^\p{M}$/u;

function caseOf(character: string): string {
  if (character !== character.toLowerCase()) return 'upper';
  return character !== character.toUpperCase() ? 'lower' : 'none';
}

let found: Map<number, Letter> | undefined;

/** Built when the first such letter is met: most columns have none. */
export function letterOf(codePoint: number): Letter | undefined {
  found ??= build();
  return found.get(codePoint);
}

function build(): Map<number, Letter> {
  const classes = new Map<string, number[]>();
  const add = (name: string, codePoint: number) => classes.get(name)?.push(codePoint) ?? classes.set(name, [codePoint]);
  for (let codePoint = 0x80; codePoint <= 0xffff; codePoint++)
    if (written.test(String.fromCodePoint(codePoint))) add(classOf(codePoint), codePoint);
  // What is alone in its class could only stay what it was.
  for (const [name, [codePoint, second]] of classes) {
    if (second !== undefined) continue;
    classes.delete(name);
    add(codePoint! < 0x800 ? 'of two bytes' : 'of three', codePoint!);
  }
  const all = new Map<number, Letter>();
  for (const codePoints of classes.values()) {
    const letters: LetterClass = { letters: Int32Array.from(codePoints) };
    for (const [index, codePoint] of codePoints.entries()) all.set(codePoint, { class: letters, index });
  }
  return all;
}

/** The scripts that have no range here lie in blocks of 128 or more, which begin where such a one may. */
function classOf(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  const kind = letter.test(character) ? 'letter' : mark.test(character) ? 'mark' : 'number';
  const range = kind === 'letter' ? ranges.findIndex(([first, last]) => codePoint >= first && codePoint <= last) : -1;
  return `${range < 0 ? codePoint >> 7 : `range ${range}`} ${kind} ${caseOf(character)}`;
}

/** The code point whose two or three bytes in UTF-8 begin here; 0 for others. */
export function codePointAt(bytes: Buffer, at: number): number {
  const byte = bytes[at]!;
  if (byte >= 0xc2 && byte < 0xe0) return ((byte & 0x1f) << 6) | (bytes[at + 1]! & 0x3f);
  if (byte >= 0xe0 && byte < 0xf0)
    return ((byte & 0x0f) << 12) | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f);
  return 0;
}

/** Writes a code point of two or three bytes over one of as many. */
export function writeCodePoint(bytes: Buffer, at: number, codePoint: number): void {
  if (codePoint < 0x800) {
    bytes[at] = 0xc0 | (codePoint >> 6);
    bytes[at + 1] = 0x80 | (codePoint & 0x3f);
    return;
  }
  bytes[at] = 0xe0 | (codePoint >> 12);
  bytes[at + 1] = 0x80 | ((codePoint >> 6) & 0x3f);
  bytes[at + 2] = 0x80 | (codePoint & 0x3f);
}
