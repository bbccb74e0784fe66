import type { Words } from './words.ts';

/** What a value is made of, and how hard it is to meet it by chance. */
export interface Strength {
  letters: number;
  digits: number;
  /** Those of the letters that are words or syllables: Chinese, Japanese, Korean. */
  ideographs: number;
  /**
   * Bits of entropy, guessed low: log₂ 10 a digit, 2 a letter, because letters are parts of words and names, 5 an
   * ideograph, of which the thirty commonest are less than a fifth of a text.
   */
  bits: number;
  /** The chance that a mask which draws letter for letter and digit for digit draws it: ten digits, sixteen letters at least (of hexadecimal). */
  drawn: number;
  /** 2⁻ᵇⁱᵗˢ without zeros, which masks of numbers leave where they lead. */
  ownChance: number;
}

const bitsPerDigit = Math.log2(10);
const bitsPerLetter = 2;
const bitsPerIdeograph = 5;
const bitsPerDrawnLetter = 4;

/** Of longer text no more is looked at. */
const mostLooked = 4096;
/** Two counts of up to `mostLooked` in one number. */
const upper = 13;

/** By byte, letters and digits; ideographs and zeros. Looked up: whether a byte is a digit is guessed wrong every other time. */
const charactersOf = new Int32Array(256);
const specialsOf = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  if (byte >= 0x30 && byte <= 0x39) {
    charactersOf[byte] = 1 << upper;
    specialsOf[byte] = byte === 0x30 ? 1 << upper : 0;
  }
  // What is between words, and the second and later bytes of a character in UTF-8, are no letters.
  else if (byte !== 0 && (byte & 0xc0) !== 0x80) {
    charactersOf[byte] = 1;
    // U+3000 to U+DFFF: kana, Chinese characters, Hangul.
    specialsOf[byte] = byte >= 0xe3 && byte <= 0xed ? 1 : 0;
  }
}

/** Of the words that were read. The result is overwritten by the next call. */
export function strengthOf(words: Words): Strength {
  const end = words.count === 0 ? 0 : Math.min(words.ends[words.count - 1]!, mostLooked);
  if (!countAscii(words, end)) countBytes(words, end);
  const { letters, digits, ideographs } = strength;
  strength.drawn = power(tenths, digits) * power(halves, letters * bitsPerDrawnLetter);
  if (letters === 0) {
    const seen = digitsSeen(words, end);
    if (mostlyOne(seen)) return ofFewDigits(strength, seen);
  }
  const bitsOfLetters = letters * bitsPerLetter + ideographs * (bitsPerIdeograph - bitsPerLetter);
  strength.bits = digits * bitsPerDigit + bitsOfLetters;
  strength.ownChance = power(tenths, digits - zeros) * power(halves, bitsOfLetters);
  return strength;
}

let zeros = 0;
const ones = 0x01010101;
/** What a byte can count to. */
const mostFours = 255;

/** Four bytes at a time: of small letters and digits in ASCII. @returns false where there are others, too */
function countAscii({ fours }: Words, end: number): boolean {
  let letters = 0;
  let digits = 0;
  zeros = 0;
  const to = (end + 3) >> 2;
  for (let at = 0; at < to; ) {
    const until = Math.min(to, at + mostFours);
    let characters = 0;
    let ofDigits = 0;
    let ofZeros = 0;
    let others = 0;
    for (; at < until; at++) {
      const four = fours[at]!;
      others |= four;
      // 0x30 to 0x39 and 0x61 to 0x7a have the sixth bit, which 0 between words has not, and only the letters the seventh.
      const isCharacter = (four >>> 5) & ones;
      const isDigit = isCharacter & ~(four >>> 6);
      characters += isCharacter;
      ofDigits += isDigit;
      // Four low bits and fifteen are sixteen or more, unless they are those of 0.
      ofZeros += isDigit & ~(((four & 0x0f0f0f0f) + 0x0f0f0f0f) >>> 4);
    }
    if ((others & 0x80808080) !== 0) return false;
    letters += sumOfBytes(characters) - sumOfBytes(ofDigits);
    digits += sumOfBytes(ofDigits);
    zeros += sumOfBytes(ofZeros);
  }
  strength.letters = letters;
  strength.digits = digits;
  strength.ideographs = 0;
  return true;
}

function sumOfBytes(four: number): number {
  return (four & 0xff) + ((four >>> 8) & 0xff) + ((four >>> 16) & 0xff) + (four >>> 24);
}

function countBytes({ text }: Words, end: number): void {
  let characters = 0;
  let specials = 0;
  for (let index = 0; index < end; index++) {
    const byte = text[index]!;
    characters += charactersOf[byte]!;
    specials += specialsOf[byte]!;
  }
  strength.letters = characters & ((1 << upper) - 1);
  strength.digits = characters >>> upper;
  strength.ideographs = specials & ((1 << upper) - 1);
  zeros = specials >>> upper;
}

/** Which digits there are, a bit for each; of words without a letter. */
function digitsSeen({ text }: Words, end: number): number {
  let seen = 0;
  for (let index = 0; index < end; index++) if (text[index] !== 0) seen |= 1 << (text[index]! - 0x30);
  return seen;
}

/** Whether there are two different digits at most. */
function mostlyOne(seen: number): boolean {
  const others = seen & (seen - 1);
  return (others & (others - 1)) === 0;
}

/** Bits as Postgres prints them, and numbers that stand for none: 0000000000. */
function ofFewDigits(of: Strength, seen: number): Strength {
  of.bits = of.digits;
  of.ownChance = (seen & (seen - 1)) === 0 ? 1 : power(halves, of.digits);
  return of;
}

const strength: Strength = { letters: 0, digits: 0, ideographs: 0, bits: 0, drawn: 1, ownChance: 1 };

// Looked up: a power costs as much as hashing a short value.
const powers = 256;
const tenths = Float64Array.from({ length: powers }, (_, exponent) => 10 ** -exponent);
const halves = Float64Array.from({ length: powers }, (_, exponent) => 2 ** -exponent);

function power(table: Float64Array, exponent: number): number {
  return table[exponent < powers ? exponent : powers - 1]!;
}
