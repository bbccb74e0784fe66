import { createPermutation, mostPermuted } from '../keyed/permutation.ts';
import type { Kind, Mask, Materials } from '../kind.ts';
import { reserve } from '../rows/sink.ts';
import { Unmaskable } from '../values/unmaskable.ts';

/** Random bytes and bits of the original's length; those of up to 16 bytes are permuted, so different ones stay different. */
export const bytes: Kind = {
  summary: 'Random bytes (or bits) of the same length',
  holds: ['bytea', 'bits'],
  unique: 'always',
  needsEscape: true,
  create: (materials, _rule, { family }) => (family === 'bits' ? ofBits(materials) : ofBytes(materials)),
};

/** Before the digits under bytea_output hex. */
const prefix = '\\x';

function ofBytes({ replaceShape }: Materials): Mask {
  const replace = replaceShape('bytes');
  const ofHex: Mask = (original, start, end, out) => {
    reserve(out, end - start);
    const { at } = out;
    original.copy(out.bytes, at, start, end);
    out.at = replace(out.bytes, at + prefix.length, at + end - start);
  };
  return (original, start, end, out) => {
    if (original.toString('latin1', start, start + prefix.length) === prefix) return ofHex(original, start, end, out);
    const hex = Buffer.from(inHex(original.toString('latin1', start, end)), 'latin1');
    ofHex(hex, 0, hex.length, out);
  };
}

/** pg_dump leaves bytea_output to the server, which may print `escape`: bytes, some as \ooo, and \\ for one backslash. */
function inHex(escaped: string): string {
  const digits = escaped.replace(/\\\\|\\[0-3][0-7]{2}|./gs, (byte) => {
    if (byte === '\\') throw new Unmaskable('bytes are written neither in hexadecimal nor escaped');
    const code = byte.length === 4 ? Number.parseInt(byte.slice(1), 8) : byte.charCodeAt(0);
    return code.toString(16).padStart(2, '0');
  });
  return prefix + digits;
}

const bitsOfDigit = 4;

/** Four bits are a digit, so that 128 of them can be permuted. */
function ofBits({ key, replaceShape }: Materials): Mask {
  const { digits, radices, run } = createPermutation(key('bits'));
  const replace = replaceShape('bits');
  return (original, start, end, out) => {
    const length = end - start;
    reserve(out, length);
    const { at } = out;
    if (length > mostPermuted * bitsOfDigit) {
      original.copy(out.bytes, at, start, end);
      out.at = replace(out.bytes, at, at + length);
      return;
    }
    for (let index = 0; index < length; index++) {
      const digit = Math.floor(index / bitsOfDigit);
      const isFirst = index % bitsOfDigit === 0;
      digits[digit] = (isFirst ? 0 : digits[digit]! * 2) + (original[start + index]! & 1);
      radices[digit] = isFirst ? 2 : radices[digit]! * 2;
    }
    run(Math.ceil(length / bitsOfDigit));
    // The last bit of a digit is its lowest.
    for (let index = length - 1; index >= 0; index--) {
      const digit = Math.floor(index / bitsOfDigit);
      out.bytes[at + index] = 0x30 + (digits[digit]! & 1);
      digits[digit] = digits[digit]! >> 1;
    }
    out.at = at + length;
  };
}
