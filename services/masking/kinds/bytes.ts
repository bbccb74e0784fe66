import type { Kind } from '../kind.ts';
import { reserve } from '../sink.ts';

/** Random bytes and bits of the original's length: different originals of up to 16 bytes stay different by construction. */
export const bytes: Kind = {
  summary: 'Random bytes (or bits) of the same length',
  holds: ['bytea', 'bits'],
  unique: 'always',
  needsEscape: true,
  create: ({ replaceShape }, _rule, { family }) => {
    const replace = replaceShape(family === 'bits' ? 'bits' : 'bytes');
    // `\x` before bytea_output hex.
    const prefix = family === 'bits' ? 0 : 2;
    return (original, start, end, out) => {
      reserve(out, end - start);
      const { at } = out;
      original.copy(out.bytes, at, start, end);
      out.at = replace(out.bytes, at + prefix, at + end - start);
    };
  },
};
