import type { Dictionaries } from './dictionaries.ts';
import { createHmacSha256 } from './hmac.ts';
import { domainKey, requireKey } from './key.ts';
import type { MaskRule, Materials, Place } from './kind.ts';
import { kinds } from './kinds/index.ts';
import { createShapeReplacement } from './shape.ts';

/** What masks are made from, for one thread. @throws Problem `policy-invalid` without a key of 32 bytes. */
export function createMaterials(key: Uint8Array, dictionaries: Dictionaries): Materials {
  requireKey(key);
  const materials: Materials = {
    dictionaries,
    hmac: (domain) => createHmacSha256(domainKey(key, domain)),
    replaceShape: (domain) =>
      createShapeReplacement(domainKey(key, `${domain}:shape`), { keepHexadecimal: domain === 'token' }),
    mask: (rule: MaskRule, place: Place) => {
      const kind = kinds[rule.mask];
      if (!kind) throw new Error(`There is no kind of mask called ${rule.mask}`);
      return kind.create(materials, rule, place);
    },
  };
  return materials;
}
