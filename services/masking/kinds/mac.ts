import { createPermutation } from '../keyed/permutation.ts';
import type { Kind } from '../kind.ts';
import { appendString } from '../rows/sink.ts';
import { Unmaskable } from '../values/unmaskable.ts';

/** 6 or 8 bytes in pairs, quads, or without separators: 08:00:2b:01:02:03, 0800.2b01.0203, 08002b-010203. */
const address = /^(?:[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{1,6}(?:[:.-][0-9a-f]{1,6})+)$/i;

/**
 * The local bit (IEEE 802, the second-lowest of the first byte) is turned over: what a vendor gave a device becomes
 * locally administered, no vendor's, so no device's. The group bit stays, and the others are permuted: different
 * addresses stay different.
 */
export const mac: Kind = {
  summary: 'A locally administered address for one of a vendor’s, written the way the original is',
  holds: ['macaddr', 'text'],
  unique: 'always',
  needsEscape: true,
  create: ({ key, mask }, _rule, place) => {
    const { digits, radices, run } = createPermutation(key('mac'));
    const otherwise = place.family === 'text' ? mask({ mask: 'token' }, place) : undefined;
    return (bytes, start, end, out) => {
      const original = bytes.toString('latin1', start, end);
      const hex = original.replace(/[:.-]/g, '');
      if (!address.test(original) || (hex.length !== 12 && hex.length !== 16)) {
        if (otherwise) return otherwise(bytes, start, end, out);
        throw new Unmaskable('a MAC address is written in an unknown form');
      }
      for (let index = 0; index < hex.length; index++) {
        const digit = Number.parseInt(hex[index]!, 16);
        digits[index] = index === 1 ? digit >> 2 : digit;
        radices[index] = index === 1 ? 4 : 16;
      }
      run(hex.length);
      const flags = Number.parseInt(hex[1]!, 16) & 0b11;
      digits[1] = (digits[1]! << 2) | (flags ^ 0b10);
      let next = 0;
      const masked = original.replace(/[0-9a-f]/gi, () => digits[next++]!.toString(16));
      appendString(out, /[A-F]/.test(original) ? masked.toUpperCase() : masked);
    };
  },
};
