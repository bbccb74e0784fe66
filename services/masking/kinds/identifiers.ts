import { createPermutation } from '../keyed/permutation.ts';
import type { Kind } from '../kind.ts';
import { appendString } from '../rows/sink.ts';

export const uuid: Kind = {
  summary: 'A random-looking UUID (version 4) written the way the original is',
  holds: ['uuid', 'text'],
  unique: 'always',
  needsEscape: true,
  create: ({ hmac, mask }, _rule, place) => {
    const digestOf = hmac('uuid');
    const otherwise = mask({ mask: 'token' }, place);
    return (bytes, start, end, out) => {
      const original = bytes.toString('latin1', start, end);
      const digits = original.replace(/[-{}]/g, '').toLowerCase();
      if (!/^[0-9a-f]{32}$/.test(digits)) return otherwise(bytes, start, end, out);
      const canonical = Buffer.from(digits, 'latin1');
      const hex = uuidDigits(digestOf(canonical, 0, canonical.length));
      let next = 0;
      const masked = original.replace(/[0-9a-f]/gi, () => hex[next++]!);
      appendString(out, /[A-F]/.test(original) ? masked.toUpperCase() : masked);
    };
  },
};

/** RFC 9562: version 4, variant 10. */
function uuidDigits(digest: Uint32Array): string {
  const words = [digest[0]!, (digest[1]! & 0xffff0fff) | 0x4000, (digest[2]! & 0x3fffffff) | 0x80000000, digest[3]!];
  return words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Bits that all of 10.0.0.0/8 (RFC 1918) and of fd00::/8 (RFC 4193) share: addresses that are nobody's. */
const privateBits = 8;

/**
 * A cidr is a network, with no bits set to the right of its prefix. There is one private network at most of up to eight
 * bits: those are permuted among all of their length. There is one of none, which stays.
 */
export const ip: Kind = {
  summary:
    'A private address: 10.x.x.x, or fd….: for IPv6; a prefix length stays, and networks of up to 8 bits become others of that length',
  holds: ['inet', 'cidr', 'text'],
  unique: 'never',
  needsEscape: true,
  create: ({ hmac, key, mask }, _rule, place) => {
    const digestOf = hmac('ip');
    const permuted = networkPermutation(key('ip:network'));
    const otherwise = place.family === 'text' ? mask({ mask: 'token' }, place) : undefined;
    return (bytes, start, end, out) => {
      const printed = bytes.toString('latin1', start, end);
      const slash = printed.indexOf('/');
      const address = slash < 0 ? printed : printed.slice(0, slash);
      const suffix = slash < 0 ? '' : printed.slice(slash);
      const version = /^\d{1,3}(\.\d{1,3}){3}$/.test(address) ? 4 : /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) ? 6 : 0;
      if (otherwise && (version === 0 || !/^(\/\d{1,3})?$/.test(suffix))) return otherwise(bytes, start, end, out);
      const digest = digestOf(bytes, start, start + address.length);
      const masked =
        version === 6
          ? [0xfd000000 | (digest[0]! & 0xffffff), digest[1]!, digest[2]!, digest[3]!]
          : [0x0a000000 | (digest[0]! & 0xffffff)];
      const original = version === 6 ? wordsOfV6(address) : [wordOfV4(address)];
      const bits = place.family === 'cidr' && suffix !== '' ? Number(suffix.slice(1)) : 128;
      if (bits <= privateBits) masked[0] = permuted(original[0]!, bits);
      clearHostBits(masked, bits);
      // What is private already could come out as it went in: a network of nine bits every other time.
      const isSame = masked.every((word, index) => word >>> 0 === original[index]);
      if (isSame && bits > privateBits) masked[0]! ^= 1 << (31 - privateBits);
      appendString(out, version === 6 ? formatV6(masked) : formatV4(masked[0]!));
      appendString(out, suffix);
    };
  },
};

/** Replaces the first bits of a word, of one network by those of another; the rest are zero. */
function networkPermutation(key: Uint8Array): (word: number, bits: number) => number {
  const { digits, radices, run } = createPermutation(key);
  return (word, bits) => {
    for (let index = 0; index < bits; index++) {
      digits[index] = (word >>> (31 - index)) & 1;
      radices[index] = 2;
    }
    run(bits);
    return digits.subarray(0, bits).reduce((sum, bit, index) => sum | (bit << (31 - index)), 0);
  };
}

function clearHostBits(words: number[], prefix: number): void {
  for (let index = 0; index < words.length; index++) {
    const kept = Math.min(32, Math.max(0, prefix - index * 32));
    words[index] = kept === 0 ? 0 : words[index]! & (0xffffffff << (32 - kept));
  }
}

/** Bytes that are not there are zeros, as Postgres reads 10/8. */
function wordOfV4(address: string): number {
  const bytes = address.split('.').map(Number);
  return [0, 1, 2, 3].reduce((word, index) => word * 256 + (bytes[index] ?? 0), 0);
}

/** RFC 4291, 2.2: eight groups, once :: for those that are zero, and perhaps the last two as an IPv4 address. */
function wordsOfV6(address: string): number[] {
  const [before, after] = address.split('::').map((part) =>
    part.split(':').flatMap((group) => {
      if (group === '') return [];
      if (!group.includes('.')) return [Number.parseInt(group, 16)];
      const word = wordOfV4(group);
      return [word >>> 16, word & 0xffff];
    }),
  ) as [number[], number[]?];
  const zeros = after ? 8 - before.length - after.length : 0;
  const groups = [...before, ...Array<number>(Math.max(0, zeros)).fill(0), ...(after ?? [])];
  return [0, 2, 4, 6].map((index) => (groups[index] ?? 0) * 65536 + (groups[index + 1] ?? 0));
}

function formatV4(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
}

function formatV6(words: number[]): string {
  return words.flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]).join(':');
}
