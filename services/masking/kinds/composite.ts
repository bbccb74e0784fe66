import type { Kind, PartRule } from '../kind.ts';
import { appendString } from '../rows/sink.ts';
import { maskPart } from '../values/parts.ts';
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
      appendString(out, `(${masked.map((field) => (field === null ? '' : quote(field))).join(',')})`);
    };
  },
};

function rulesOf(fields: unknown): Map<string, PartRule> {
  return new Map(Object.entries(fields as Record<string, PartRule>));
}

/** `(a,"b ""c""",)`: nothing between commas is NULL (https://www.postgresql.org/docs/17/rowtypes.html#ROWTYPES-IO-SYNTAX). */
function parseRow(literal: string): (string | null)[] {
  const fields: (string | null)[] = [];
  let field = '';
  let isQuoted = false;
  let isInside = false;
  for (let index = 1; index < literal.length; index++) {
    const character = literal[index]!;
    if (character === '\\') field += literal[++index]!;
    else if (character === '"' && isInside && literal[index + 1] === '"') field += literal[++index]!;
    else if (character === '"') {
      isInside = !isInside;
      isQuoted = true;
    } else if (!isInside && (character === ',' || character === ')')) {
      fields.push(field === '' && !isQuoted ? null : field);
      field = '';
      isQuoted = false;
    } else field += character;
  }
  return fields;
}

function quote(field: string): string {
  return `"${field.replace(/["\\]/g, '$&$&')}"`;
}
