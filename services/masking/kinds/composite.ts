import type { Kind, PartRule } from '../kind.ts';
import { appendString } from '../rows/sink.ts';
import { maskPart } from '../values/parts.ts';
import { quoted, unquoted } from '../values/quoted.ts';
import { Unmaskable } from '../values/unmaskable.ts';

/** Masks the fields of a composite value; a field that no rule names stops the capture, as a column does. */
export const composite: Kind = {
  summary: 'Each of a composite type’s `fields` by its own rule',
  holds: ['composite'],
  options: { fields: { type: 'object', additionalProperties: { $ref: '#/$defs/field' } } },
  required: ['fields'],
  unique: 'never',
  needsEscape: true,
  parts: (rule, place) => {
    const rules = rulesOf(rule.fields);
    const fields = place.fields ?? [];
    const known = new Set(fields.map(({ name }) => name));
    return [
      ...fields.map((value) => ({ name: value.name, rule: rules.get(value.name), value })),
      ...[...rules].filter(([name]) => !known.has(name)).map(([name, part]) => ({ name, rule: part })),
    ];
  },
  create: (materials, rule, place) => {
    const rules = rulesOf(rule.fields);
    const masks = place.fields!.map((field) => maskPart(materials, rules.get(field.name)!, field));
    return (bytes, start, end, out) => {
      const fields = parseRow(bytes.toString('utf8', start, end));
      if (fields.length !== masks.length)
        throw new Unmaskable('a composite value does not have the fields of its type');
      const masked = fields.map((field, index) => (field === null ? null : masks[index]!(field)));
      appendString(out, `(${masked.map((field) => (field === null ? '' : quoted(field, true))).join(',')})`);
    };
  },
};

function rulesOf(fields: unknown): Map<string, PartRule> {
  return new Map(Object.entries(fields as Record<string, PartRule>));
}

/** `(a,"b ""c""",)`: nothing between commas is NULL (https://www.postgresql.org/docs/17/rowtypes.html#ROWTYPES-IO-SYNTAX). */
function parseRow(literal: string): (string | null)[] {
  const fields: (string | null)[] = [];
  let start = 1;
  let isInside = false;
  for (let index = 1; index < literal.length; index++) {
    const character = literal[index]!;
    if (character === '\\') index++;
    // Two of them stand for one: within the quotes before and after.
    else if (character === '"') isInside = !isInside;
    else if (!isInside && (character === ',' || character === ')')) {
      fields.push(plain(literal.slice(start, index)));
      start = index + 1;
    }
  }
  return fields;
}

function plain(written: string): string | null {
  if (written.startsWith('"') && written.endsWith('"')) return unquoted(written, 0, written.length, true);
  if (/["\\]/.test(written)) throw new Unmaskable('a field of a composite value is not written as (a,"b ""c""")');
  return written === '' ? null : written;
}
