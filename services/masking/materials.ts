import type { Dictionaries } from './dictionaries.ts';
import { createHmacSha256 } from './keyed/hmac.ts';
import { domainKey, requireKey } from './keyed/key.ts';
import { type Alphabet, createShapeReplacement } from './keyed/shape.ts';
import type { Kind, Mask, MaskRule, Materials, Place } from './kind.ts';
import { kinds } from './kinds/index.ts';
import { maskElements } from './values/array.ts';
import { maskBounds } from './values/range.ts';

const alphabets: Record<string, Alphabet> = { token: 'keys', bytes: 'hexadecimal', bits: 'bits' };

/**
 * What masks are made from, for one thread.
 *
 * @param encoding what the database is in, as Postgres calls it.
 * @throws Problem `policy-invalid` without a key of 32 bytes.
 */
export function createMaterials(
  key: Uint8Array,
  dictionaries: Dictionaries,
  pools: Materials['pools'] = new Map(),
  encoding = 'UTF8',
): Materials {
  requireKey(key);
  const materials: Materials = {
    dictionaries,
    pools,
    hmac: (domain) => createHmacSha256(domainKey(key, domain)),
    key: (domain) => domainKey(key, domain),
    replaceShape: (domain) =>
      createShapeReplacement(domainKey(key, `${domain}:shape`), alphabets[domain] ?? 'letters', encoding === 'UTF8'),
    mask: (rule, place) => kindOf(rule).create(materials, rule, place),
    maskValue: (rule, { place, isArray }) => {
      const kind = kindOf(rule);
      const mask = materials.mask(rule, place);
      if (kind.whole) return mask;
      const ofValue = place.isRange ? maskBounds(mask, place) : comparable(mask, place);
      return isArray ? maskElements(ofValue) : ofValue;
    },
  };
  return materials;
}

function kindOf(rule: MaskRule): Kind {
  const kind = kinds[rule.mask];
  if (!kind) throw new Error(`There is no kind of mask called ${rule.mask}`);
  return kind;
}

/**
 * What Postgres takes for equal has to come out the same: citext compares without regard to case, and the blanks that
 * char(n) is filled up with count for nothing.
 */
function comparable(mask: Mask, { type, ignoresCase }: Place): Mask {
  const ofValue = ignoresCase ? lowered(mask) : mask;
  if (type !== 'bpchar') return ofValue;
  return (bytes, start, end, out) => {
    let last = end;
    while (last > start && bytes[last - 1] === 0x20) last--;
    if (last > start) ofValue(bytes, start, last, out);
  };
}

function lowered(mask: Mask): Mask {
  return (bytes, start, end, out) => {
    const lower = Buffer.from(bytes.toString('utf8', start, end).toLowerCase());
    mask(lower, 0, lower.length, out);
  };
}
