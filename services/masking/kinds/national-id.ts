import { createPermutation } from '../keyed/permutation.ts';
import type { Kind } from '../kind.ts';
import { appendString } from '../rows/sink.ts';
import { type NationalId, nationalIds } from '../values/national-ids.ts';

/**
 * The free digits of a number are permuted, and its check digits computed: different numbers stay different. It may be
 * somebody's: with valid check digits there are not enough for it to be nobody's.
 */
export const nationalId: Kind = {
  summary:
    'A national id of `country` (br, es, fr, gb, nl, pl, us) with valid check digits; without one, of the same shape',
  holds: ['text'],
  options: { country: { enum: Object.keys(nationalIds) } },
  unique: 'always',
  needsEscape: true,
  create: ({ key, mask }, rule, place) => {
    const otherwise = mask({ mask: 'token' }, place);
    const format = nationalIds[String(rule.country)];
    if (!format) return otherwise;
    const { digits, radices, run } = createPermutation(key(`national_id:${rule.country}`));
    return (bytes, start, end, out) => {
      const original = bytes.toString('utf8', start, end);
      const id = original.replace(/[ ./-]/g, '').toUpperCase();
      const free = format.pattern.test(id) ? format.read(id) : undefined;
      // One with a wrong check digit has the free digits of a right one, and would come out the same.
      if (!free || !written(format, free, id).startsWith(id)) return otherwise(bytes, start, end, out);
      free.forEach(([digit, radix], index) => {
        digits[index] = digit;
        radices[index] = radix;
      });
      let masked: string | undefined;
      // Digits that make no valid number are walked over: the valid ones are permuted among themselves.
      while (masked === undefined) {
        run(free.length);
        masked = format.write(Array.from(digits.subarray(0, free.length)), id);
      }
      let next = 0;
      appendString(
        out,
        original.replace(/[0-9a-z]/gi, (character) => sameCase(character, masked[next++]!)),
      );
    };
  },
};

/** The number that the digits it was read as make. */
function written(format: NationalId, free: [number, number][], id: string): string {
  const digits = free.map(([digit]) => digit);
  return format.write(digits, id) ?? '';
}

function sameCase(original: string, masked: string): string {
  return original >= 'a' && original <= 'z' ? masked.toLowerCase() : masked;
}
