import type { Kind, Mask, Materials } from '../kind.ts';
import { reserve, type Sink } from '../rows/sink.ts';
import { maskWhole, misfitOfWhole } from './whole.ts';

/** Kinds that keep the original's shape: tokens, phone numbers, postcodes, cards, bank accounts. */

/** Copies the value to `out`, where `change` then works in place and says where it ends. */
function inPlace(change: (bytes: Buffer, start: number, end: number) => number): Mask {
  return (bytes, start, end, out: Sink) => {
    reserve(out, end - start);
    const at = out.at;
    bytes.copy(out.bytes, at, start, end);
    out.at = change(out.bytes, at, at + end - start);
  };
}

function shaped(summary: string, domain: string): Kind {
  return {
    summary,
    holds: ['text'],
    unique: 'always',
    needsEscape: true,
    create: ({ replaceShape }) => inPlace(replaceShape(domain)),
  };
}

const tokenOfText = shaped('Letters for letters, digits for digits, in the same places', 'token');
export const token: Kind = {
  ...tokenOfText,
  summary: `${tokenOfText.summary}; a whole number for one of the same sign and as many digits`,
  holds: ['text', 'integer', 'decimal'],
  misfit: misfitOfWhole,
  create: (materials, rule, place) =>
    place.family === 'integer' || place.family === 'decimal'
      ? maskWhole(materials.key('token:whole'))
      : tokenOfText.create(materials, rule, place),
};
export const postcode = shaped('A postcode of the same shape', 'postcode');

export const phone: Kind = {
  summary: 'A number of the same shape, with the same country code or leading zero',
  holds: ['text'],
  unique: 'always',
  needsEscape: true,
  create: ({ replaceShape }) => {
    const replace = replaceShape('phone');
    return inPlace((bytes, start, end) => {
      let from = start;
      if (bytes[start] === 0x2b) {
        // `+` and two digits: most country codes have two or three, the first two say where.
        from = start + 1;
        while (from < end && from < start + 3 && isDigit(bytes[from]!)) from++;
      } else {
        while (from < end && bytes[from] === 0x30) from++;
      }
      return replace(bytes, from, end);
    });
  },
};

/**
 * Numbers with the right check digits stay among those, and so do those with wrong ones, whose check digits are permuted
 * with the rest until they are wrong again: different originals stay different, test numbers and typing errors too.
 */
export const card: Kind = {
  summary: 'A card number of the same length and first digit with a valid check digit; a wrong one stays wrong',
  holds: ['text'],
  unique: 'always',
  needsEscape: true,
  create: (materials) => {
    const replace = materials.replaceShape('card');
    const replaceToken = fallback(materials);
    return inPlace((bytes, start, end) => {
      const count = digitsIn(bytes, start, end);
      if (count < 12 || count > 19) return replaceToken(bytes, start, end);
      const first = nextDigit(bytes, start, 1);
      const last = nextDigit(bytes, end - 1, -1);
      if (bytes[last] === luhnCharacter(bytes, first, last)) {
        replace(bytes, first + 1, last);
        bytes[last] = luhnCharacter(bytes, first, last);
      } else {
        do replace(bytes, first + 1, last + 1);
        while (bytes[last] === luhnCharacter(bytes, first, last));
      }
      return end;
    });
  },
};

/** Valid and wrong ones each among themselves, as cards. */
export const iban: Kind = {
  summary: 'An account number of the same country and shape with valid check digits; wrong ones stay wrong',
  holds: ['text'],
  unique: 'always',
  needsEscape: true,
  create: (materials) => {
    const replace = materials.replaceShape('iban');
    const replaceToken = fallback(materials);
    return inPlace((bytes, start, end) => {
      if (!/^[A-Z]{2}\d{2}[A-Z0-9 ]{11,40}$/i.test(bytes.toString('latin1', start, end)))
        return replaceToken(bytes, start, end);
      const isRight = () => bytes.toString('latin1', start + 2, start + 4) === checkDigits97(bytes, start, end);
      if (isRight()) {
        replace(bytes, start + 4, end);
        bytes.write(checkDigits97(bytes, start, end), start + 2, 'latin1');
      } else {
        do replace(bytes, start + 2, end);
        while (isRight());
      }
      return end;
    });
  },
};

/** For what the column's values should not be: still masked, by shape. */
function fallback({ replaceShape }: Materials) {
  return replaceShape('token');
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** How many digits there are; 0 when there is anything but digits, spaces and hyphens. */
function digitsIn(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    if (isDigit(byte)) count++;
    else if (byte !== 0x20 && byte !== 0x2d) return 0;
  }
  return count;
}

function nextDigit(bytes: Buffer, from: number, step: 1 | -1): number {
  let index = from;
  while (!isDigit(bytes[index]!)) index += step;
  return index;
}

/** ISO/IEC 7812-1, annex B: from the right, every other digit doubled, beginning with the one before the check digit. */
function luhnCharacter(bytes: Buffer, first: number, last: number): number {
  let sum = 0;
  let double = true;
  for (let index = last - 1; index >= first; index--) {
    const byte = bytes[index]!;
    if (!isDigit(byte)) continue;
    const digit = (byte - 0x30) * (double ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
    double = !double;
  }
  return 0x30 + ((10 - (sum % 10)) % 10);
}

/** ISO 13616: country and two zeros moved to the end, letters as 10 to 35, modulo 97, taken from 98. */
function checkDigits97(bytes: Buffer, start: number, end: number): string {
  let remainder = 0;
  const step = (byte: number) => {
    if (isDigit(byte)) remainder = (remainder * 10 + byte - 0x30) % 97;
    else if (byte !== 0x20) remainder = (remainder * 100 + (byte & 0x5f) - 0x41 + 10) % 97;
  };
  for (let index = start + 4; index < end; index++) step(bytes[index]!);
  for (let index = start; index < start + 2; index++) step(bytes[index]!);
  return String(98 - ((remainder * 100) % 97)).padStart(2, '0');
}
