import { appendTag, createStream, pick } from '../keyed/digest.ts';
import type { Digest } from '../keyed/hmac.ts';
import type { Kind } from '../kind.ts';
import { append, appendByte, isSame, reserve, type Sink, truncate } from '../rows/sink.ts';

/** How many characters come from one place of the prose before another is chosen. */
const sliceLength = 64;

/** Chances to come out as something else; one alone fails once in ten for a single letter. */
const mostTurns = 16;
/** 2³² by the golden ratio: each step lands in another part of the prose. */
const farAway = 0x9e3779b9;

export const text: Kind = {
  summary: 'Placeholder prose of the same number of characters',
  holds: ['text'],
  unique: 'on-request',
  create: ({ hmac, dictionaries }, _rule, place) => {
    const digestOf = hmac('text');
    const stream = createStream();
    const { prose, proseStarts } = dictionaries;
    const write = (digest: Digest, characters: number, out: Sink) => {
      let left = characters;
      const begin = out.at;
      if (place.unique) {
        appendTag(out, digest[6]!, digest[7]!);
        appendByte(out, 0x20);
        left -= out.at - begin;
      }
      reserve(out, left);
      stream.seed(digest);
      const at = out.at;
      while (left > 0) {
        const from = pick(proseStarts, stream.next());
        const length = Math.min(left, sliceLength);
        append(out, prose, from, from + length);
        left -= length;
      }
      if (out.at > at) out.bytes[at] = out.bytes[at]! & 0xdf; // a capital at the beginning
      if (out.bytes[out.at - 1] === 0x20) out.bytes[out.at - 1] = 0x2e;
      truncate(out, begin, place.limit);
    };
    return (bytes, start, end, out) => {
      const digest = digestOf(bytes, start, end);
      const characters = charactersIn(bytes, start, end);
      const begin = out.at;
      write(digest, characters, out);
      for (let turn = 0; turn < mostTurns && isSame(bytes, start, end, out, begin); turn++) {
        digest[0] = digest[0]! + farAway;
        out.at = begin;
        write(digest, characters, out);
      }
    };
  },
};

export function charactersIn(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let index = start; index < end; index++) if ((bytes[index]! & 0xc0) !== 0x80) count++;
  return count;
}
