import type { CatalogValue } from '../catalog.ts';
import type { Family, Place } from '../kind.ts';
import { rangeFamilies } from '../values/range.ts';

const familyOfType: Record<string, Family> = {
  ...{ text: 'text', varchar: 'text', bpchar: 'text', citext: 'text', name: 'text' },
  ...{ uuid: 'uuid', inet: 'inet', cidr: 'cidr', macaddr: 'macaddr', macaddr8: 'macaddr' },
  ...{ date: 'date', timestamp: 'timestamp', timestamptz: 'timestamp', time: 'time', timetz: 'time' },
  ...{ int2: 'integer', int4: 'integer', int8: 'integer', numeric: 'decimal', float4: 'decimal', float8: 'decimal' },
  ...{ money: 'money', bool: 'boolean', json: 'json', jsonb: 'json', bytea: 'bytea', bit: 'bits', varbit: 'bits' },
  ...{ hstore: 'hstore', tsvector: 'tsvector' },
};

/** What a mask has to know of where its values go. */
export function placeOf(value: CatalogValue, unique: boolean): Place {
  const { baseType: type, bounds, labels, fields, limit, precision, scale } = value;
  if (bounds) return rangeOf(type, placeOf(bounds, unique));
  if (labels) return { family: 'enum', type, unique, labels };
  if (fields) {
    const placed = fields.map((field) => ({ name: field.name, isArray: field.isArray, place: placeOf(field, false) }));
    return { family: 'composite', type, unique, fields: placed };
  }
  return {
    family: Object.hasOwn(familyOfType, type) ? familyOfType[type]! : 'other',
    type,
    unique,
    ...(type === 'citext' ? { ignoresCase: true } : {}),
    ...(limit === null ? {} : { limit }),
    ...(precision === null ? {} : { precision, scale: scale ?? 0 }),
  };
}

/** Ranges of what has no order here can be replaced as a whole only. */
function rangeOf(type: string, bounds: Place): Place {
  if (!rangeFamilies.includes(bounds.family)) return { family: 'other', type, unique: bounds.unique };
  return { ...bounds, isRange: true };
}
