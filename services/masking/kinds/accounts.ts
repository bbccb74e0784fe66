import { appendPick, appendTag, tagLength } from '../keyed/digest.ts';
import type { Kind } from '../kind.ts';
import { append, appendByte, truncate } from '../rows/sink.ts';

/** E-mail addresses, user names and URLs: always unique, and nothing that reaches anybody. */

/** Reserved by RFC 2606: mail to them goes nowhere. */
const mailDomains = ['@example.com', '@example.net', '@example.org'].map((domain) => Buffer.from(domain));
const longestDomain = 12;
const dot = 0x2e;

export const email: Kind = {
  summary: 'An address at example.com, .net or .org, which no mail reaches',
  holds: ['text'],
  unique: 'always',
  shortest: tagLength + longestDomain,
  create: ({ hmac, dictionaries }, _rule, { limit }) => {
    const digestOf = hmac('email');
    const { mailFirstNames, mailLastNames } = dictionaries;
    const nameLimit = limit === undefined ? undefined : limit - tagLength - longestDomain - 1;
    return (bytes, start, end, out) => {
      const digest = digestOf(bytes, start, end);
      if (nameLimit === undefined || nameLimit > 0) {
        const at = out.at;
        appendPick(out, mailFirstNames, digest[0]!);
        appendByte(out, dot);
        appendPick(out, mailLastNames, digest[1]!);
        truncate(out, at, nameLimit);
        if (out.bytes[out.at - 1] !== dot) appendByte(out, dot);
      }
      appendTag(out, digest[2]!, digest[3]!);
      appendPick(out, mailDomains, digest[4]!);
    };
  },
};

export const username: Kind = {
  summary: 'Two words and ten characters: calm_otter_7k2m9x4q8w',
  holds: ['text'],
  unique: 'always',
  shortest: tagLength,
  create: ({ hmac, dictionaries }, _rule, { limit }) => {
    const digestOf = hmac('username');
    const { adjectives, animals } = dictionaries;
    const wordLimit = limit === undefined ? undefined : limit - tagLength - 1;
    return (bytes, start, end, out) => {
      const digest = digestOf(bytes, start, end);
      if (wordLimit === undefined || wordLimit > 0) {
        const at = out.at;
        appendPick(out, adjectives, digest[0]!);
        appendByte(out, 0x5f);
        appendPick(out, animals, digest[1]!);
        truncate(out, at, wordLimit);
        appendByte(out, 0x5f);
      }
      appendTag(out, digest[2]!, digest[3]!);
    };
  },
};

const http = Buffer.from('http://example.com/');
const https = Buffer.from('https://example.com/');

export const url: Kind = {
  summary: 'A path at example.com with the original’s scheme and file extension',
  holds: ['text'],
  unique: 'always',
  shortest: https.length + tagLength,
  create: ({ hmac }, _rule, { limit }) => {
    const digestOf = hmac('url');
    return (bytes, start, end, out) => {
      const digest = digestOf(bytes, start, end);
      const at = out.at;
      append(out, startsWith(bytes, start, end, 'http://') ? http : https);
      appendTag(out, digest[0]!, digest[1]!);
      const extension = extensionStart(bytes, start, end);
      if (limit === undefined || out.at - at + end - extension <= limit) append(out, bytes, extension, end);
    };
  },
};

function startsWith(bytes: Buffer, start: number, end: number, text: string): boolean {
  return end - start >= text.length && bytes.toString('latin1', start, start + text.length).toLowerCase() === text;
}

const knownExtensions = new Set(
  'avif css csv docx gif htm html jpeg jpg js json mp3 mp4 pdf png svg txt webp xlsx xml zip'.split(' '),
);

/** Where a well-known file extension begins, with its dot; `end` where there is none. Others may be somebody's name. */
function extensionStart(bytes: Buffer, start: number, end: number): number {
  for (let index = end - 1; index >= start && end - index <= 6; index--) {
    if (bytes[index] === dot) return knownExtensions.has(bytes.toString('latin1', index + 1, end)) ? index : end;
  }
  return end;
}
