import type { Kind, PartRule, Place } from '../kind.ts';
import { appendString } from '../rows/sink.ts';
import { maskPart } from '../values/parts.ts';
import { endOfQuoted, quoted, unquoted } from '../values/quoted.ts';
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
      for (const [name, value] of pairsIn(bytes.toString('utf8', start, end))) {
        const mask = masks.get(name) ?? masks.get('*');
        pairs.set(mask ? name : keyOf(name)!, value === null ? null : (mask ?? otherwise)(value));
      }
      const written = [...pairs].map(([key, value]) => `${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}`);
      appendString(out, written.join(', '));
    };
  },
};

/** `"key"=>"value", "other"=>NULL`, as hstore prints it. */
function pairsIn(printed: string): [key: string, value: string | null][] {
  const pairs: [string, string | null][] = [];
  for (let at = 0; at < printed.length; ) {
    if (printed[at] === ',' || printed[at] === ' ') {
      at++;
      continue;
    }
    const keyEnd = endOfString(printed, at);
    const key = unquoted(printed, at, keyEnd);
    const from = keyEnd + '=>'.length;
    if (printed.startsWith('=>NULL', keyEnd)) {
      pairs.push([key, null]);
      at = from + 'NULL'.length;
    } else {
      at = endOfString(printed, printed.startsWith('=>', keyEnd) ? from : -1);
      pairs.push([key, unquoted(printed, from, at)]);
    }
  }
  return pairs;
}

function endOfString(printed: string, start: number): number {
  const end = printed[start] === '"' ? endOfQuoted(printed, start) : -1;
  if (end < 0) throw new Unmaskable('an hstore is not written as "key"=>"value", "other"=>NULL');
  return end;
}
