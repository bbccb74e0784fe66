import type { Kind, PartRule, Place } from '../kind.ts';
import { appendString } from '../rows/sink.ts';
import { maskPart } from '../values/parts.ts';
import { Unmaskable } from '../values/unmaskable.ts';

const textPlace: Place = { family: 'text', type: 'text', unique: false };
const asText = { place: textPlace, isArray: false };

/**
 * Masks values by key, `*` being any other. What no rule names is masked whole, its key too: in an hstore that is used as
 * a set, the keys are the data.
 */
export const hstore: Kind = {
  summary: 'Values by key in `fields` (* is any other key); without a rule, value and key are masked',
  holds: ['hstore'],
  options: { fields: { type: 'object', additionalProperties: { $ref: '#/$defs/field' } } },
  unique: 'never',
  needsEscape: true,
  parts: (rule) =>
    Object.entries((rule.fields ?? {}) as Record<string, PartRule>).map(([name, part]) => ({
      name,
      rule: part,
      value: asText,
    })),
  create: (materials, rule) => {
    const fields = Object.entries((rule.fields ?? {}) as Record<string, PartRule>);
    const masks = new Map(fields.map(([name, part]) => [name, maskPart(materials, part, asText)]));
    const keyOf = maskPart(materials, 'token', asText);
    const otherwise = maskPart(materials, 'text', asText);
    return (bytes, start, end, out) => {
      const pairs = new Map<string, string | null>();
      const printed = bytes.toString('utf8', start, end);
      if (!/^[, ]*$/.test(printed.replace(pair, '')))
        throw new Unmaskable('an hstore is not written as "key"=>"value", "other"=>NULL');
      for (const [, key, value] of printed.matchAll(pair)) {
        const name = plain(key!);
        const mask = masks.get(name) ?? masks.get('*');
        const masked = value === undefined ? null : (mask ?? otherwise)(plain(value));
        pairs.set(mask ? name : keyOf(name)!, masked);
      }
      const written = [...pairs].map(([key, value]) => `${quote(key)}=>${value === null ? 'NULL' : quote(value)}`);
      appendString(out, written.join(', '));
    };
  },
};

/** `"key"=>"value"` or `"key"=>NULL`, as hstore prints it. */
const pair = /"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)/gs;

function plain(quoted: string): string {
  return quoted.replace(/\\(.)/gs, '$1');
}

function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
