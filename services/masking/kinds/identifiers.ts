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

/** 10.0.0.0/8 (RFC 1918) and fd00::/8 (RFC 4193): addresses that are nobody's. */
export const ip: Kind = {
  summary: 'A private address: 10.x.x.x, or fd….: for IPv6; a prefix length stays',
  holds: ['inet', 'cidr', 'text'],
  unique: 'never',
  needsEscape: true,
  create: ({ hmac, mask }, _rule, place) => {
    const digestOf = hmac('ip');
    const otherwise = place.family === 'text' ? mask({ mask: 'token' }, place) : undefined;
    return (bytes, start, end, out) => {
      const original = bytes.toString('latin1', start, end);
      const slash = original.indexOf('/');
      const address = slash < 0 ? original : original.slice(0, slash);
      const suffix = slash < 0 ? '' : original.slice(slash);
      const version = /^\d{1,3}(\.\d{1,3}){3}$/.test(address) ? 4 : /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) ? 6 : 0;
      if (otherwise && (version === 0 || !/^(\/\d{1,3})?$/.test(suffix))) return otherwise(bytes, start, end, out);
      const digest = digestOf(bytes, start, start + address.length);
      const masked =
        version === 6
          ? [0xfd000000 | (digest[0]! & 0xffffff), digest[1]!, digest[2]!, digest[3]!]
          : [0x0a000000 | (digest[0]! & 0xffffff)];
      // An address that is private already could come out as it went in, once in 16 million.
      if (formatV4(masked[0]!) === address) masked[0]! ^= 0x800000;
      // The text of a cidr has no bits set to the right of its prefix.
      if (place.family === 'cidr' && suffix !== '') clearHostBits(masked, Number(suffix.slice(1)));
      appendString(out, version === 6 ? formatV6(masked) : formatV4(masked[0]!));
      appendString(out, suffix);
    };
  },
};

function clearHostBits(words: number[], prefix: number): void {
  for (let index = 0; index < words.length; index++) {
    const kept = Math.min(32, Math.max(0, prefix - index * 32));
    words[index] = kept === 0 ? 0 : words[index]! & (0xffffffff << (32 - kept));
  }
}

function formatV4(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
}

function formatV6(words: number[]): string {
  return words.flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]).join(':');
}
