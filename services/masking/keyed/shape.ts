import { createStream } from './digest.ts';
import { createHmacSha256 } from './hmac.ts';
import { codePointAt, type LetterClass, letterOf, writeCodePoint } from './letters.ts';
import { createPermutation, mostPermuted } from './permutation.ts';

/**
 * Replaces digits by digits and letters by letters of the same case and script, in place, and returns the new end;
 * everything else stays.
 *
 * Up to 32 such characters are permuted, so different originals of one shape come out different. Longer values take
 * their characters from a hash of the whole value, more than 100 bits; so do those with characters beyond the basic
 * multilingual plane (emoji). What is outside ASCII becomes letters in ASCII then.
 */
export type ReplaceShape = (bytes: Buffer, start: number, end: number) => number;

/** What characters there are: letters and digits; the same, but keys in hexadecimal stay so; hexadecimal; 0 and 1. */
export type Alphabet = 'letters' | 'keys' | 'hexadecimal' | 'bits';

const zero = 0x30;
const lowerA = 0x61;
const upperA = 0x41;

/** @param ownScripts whether the database can hold any letter: others get letters in ASCII, which every encoding has. */
export function createShapeReplacement(key: Uint8Array, alphabet: Alphabet, ownScripts = true): ReplaceShape {
  const hmac = createHmacSha256(key);
  const stream = createStream();
  const { digits, radices, run } = createPermutation(key);
  const positions = new Int32Array(mostPermuted);
  const bases = new Int32Array(mostPermuted);
  const classes: (LetterClass | undefined)[] = [];

  return (bytes, start, end) => {
    const hexBase = hexBaseOf(alphabet, bytes, start, end);
    let count = 0;
    for (let index = start; index < end; index++) {
      const byte = bytes[index]!;
      const base = baseOf(byte);
      if (base === 0 && byte < 0x80) continue;
      // The second and third bytes of a character that is seen to.
      if ((byte & 0xc0) === 0x80) continue;
      const codePoint = byte >= 0x80 && ownScripts ? codePointAt(bytes, index) : 0;
      const letter = codePoint > 0 ? letterOf(codePoint) : undefined;
      // A sign, such as € or №.
      if (codePoint > 0 && !letter) continue;
      if ((byte >= 0x80 && !letter) || count === mostPermuted) {
        stream.seed(hmac(bytes, start, end));
        return replaceAll(bytes, start, end, stream.next, alphabet, hexBase);
      }
      positions[count] = index;
      bases[count] = base;
      classes[count] = letter?.class;
      if (letter) {
        digits[count] = letter.index;
        radices[count] = letter.class.letters.length;
        count++;
        continue;
      }
      radices[count] = radixOf(base, alphabet, hexBase);
      digits[count] = hexBase === 0 || base === zero ? byte - base : byte - base + 10;
      count++;
    }
    run(count);
    for (let index = 0; index < count; index++) {
      const { letters } = classes[index] ?? {};
      if (letters) writeCodePoint(bytes, positions[index]!, letters[digits[index]!]!);
      else bytes[positions[index]!] = characterOf(digits[index]!, bases[index]!, hexBase);
    }
    return end;
  };
}

/** The first character of the class that a byte belongs to; 0 for none. */
function baseOf(byte: number): number {
  if (byte >= zero && byte <= 0x39) return zero;
  if (byte >= lowerA && byte <= 0x7a) return lowerA;
  if (byte >= upperA && byte <= 0x5a) return upperA;
  return 0;
}

function radixOf(base: number, alphabet: Alphabet, hexBase: number): number {
  if (hexBase !== 0) return 16;
  if (alphabet === 'bits') return 2;
  return base === zero ? 10 : 26;
}

function characterOf(digit: number, base: number, hexBase: number): number {
  if (hexBase === 0) return base + digit;
  return digit < 10 ? zero + digit : hexBase + digit - 10;
}

/** The `a` or `A` of what is hexadecimal and stays so; 0 for others. Anything shorter than a key may be a word. */
function hexBaseOf(alphabet: Alphabet, bytes: Buffer, start: number, end: number): number {
  if (alphabet === 'hexadecimal') return lowerA;
  if (alphabet !== 'keys' || end - start < 16) return 0;
  let lower = 0;
  let digits = 0;
  let upper = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    if (byte >= zero && byte <= 0x39) digits++;
    else if (byte >= lowerA && byte <= 0x66) lower++;
    else if (byte >= upperA && byte <= 0x46) upper++;
    else if (byte !== 0x2d && byte !== 0x3a) return 0;
  }
  if (digits === 0 || lower > 0 === upper > 0) return 0;
  return lower > 0 ? lowerA : upperA;
}

function replaceAll(
  bytes: Buffer,
  start: number,
  end: number,
  next: () => number,
  alphabet: Alphabet,
  hexBase: number,
): number {
  let at = start;
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    // The second and later bytes of a character in UTF-8.
    if ((byte & 0xc0) === 0x80) continue;
    const base = byte >= 0x80 ? lowerA : baseOf(byte);
    bytes[at++] = base === 0 ? byte : characterOf(next() % radixOf(base, alphabet, hexBase), base, hexBase);
  }
  return at;
}
