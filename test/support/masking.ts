import { dictionaries } from '../../services/masking/dictionaries.ts';
import type { Family, MaskRule, Materials, Place } from '../../services/masking/kind.ts';
import { kinds } from '../../services/masking/kinds/index.ts';
import { createMaterials } from '../../services/masking/materials.ts';
import { createSink } from '../../services/masking/rows/sink.ts';

export const key = Buffer.alloc(32, 'k');
export const otherKey = Buffer.alloc(32, 'o');

/** A rule as a function of what Postgres prints of a value, on a place of the first family that its kind holds. */
export function masking(
  rule: MaskRule,
  place: Partial<Place> & { isArray?: boolean } = {},
  masterKey = key,
  pools?: Materials['pools'],
): (value: string) => string {
  const materials = createMaterials(masterKey, dictionaries(), pools);
  const { isArray = false, ...rest } = place;
  const family: Family = rest.family ?? kinds[rule.mask]!.holds[0]!;
  const mask = materials.maskValue(rule, { place: { family, type: family, unique: false, ...rest }, isArray });
  return (value) => {
    const bytes = Buffer.from(`<${value}>`);
    const sink = createSink(8);
    mask(bytes, 1, bytes.length - 1, sink);
    return sink.bytes.toString('utf8', 0, sink.at);
  };
}
