import { createHash } from 'node:crypto';
import type { ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Problem } from '../../errors.ts';
import type { Family } from '../kind.ts';
import { kinds } from '../kinds/index.ts';
import { locales } from '../locales.ts';
import { mistakesOf, patternMistakes } from './mistakes.ts';
import { longestPattern } from './pattern.ts';
import { type QuasiIdentifiers, quasiIdentifiersSchema } from './quasi-identifiers.ts';
import type { ColumnRule, KeepRule } from './rule.ts';

/** What happens to columns whose name is `match` (see pattern.ts), of one family of types or of any. */
export interface NameRule {
  match: string;
  type?: Family;
  rule: ColumnRule;
}

/** Two columns, each `schema.table.column`, that hold the same values although no foreign key says so. */
export interface Link {
  from: string;
  to: string;
}

/** What happens to every column of a source. A column's own rule counts before a pattern's, and that before its type's. */
export interface Policy {
  /** Whose words masked values are made of (a locale of faker); without it the project's, and `en` without that. */
  locale?: string;
  /** Who answers for what is kept, where that names nobody itself. */
  owner?: string;
  /** `tables["schema.table"][column]` */
  tables: Record<string, Record<string, ColumnRule>>;
  /** The first that matches counts. */
  names?: NameRule[];
  /** By the type's name as Postgres prints it, domains and enums included. */
  types?: Record<string, ColumnRule>;
  links?: Link[];
  quasiIdentifiers?: QuasiIdentifiers;
  /** Sequences that go on where the source's are, by `schema.sequence`; all others are shifted. */
  sequences?: Record<string, KeepRule>;
}

const words = { type: 'string', minLength: 1, maxLength: 1000 };
const keepRule = {
  type: 'object',
  properties: {
    keep: { ...words, description: 'Why the originals may be seen' },
    owner: { ...words, description: 'Who answers for that' },
    until: { type: 'string', format: 'date', description: 'The last day (UTC) on which it holds: YYYY-MM-DD' },
  },
  required: ['keep'],
  additionalProperties: false,
};

/** YAML reads the kind that is written `null` as no value at all: that is taken for it, too. */
const kindNames = [...Object.keys(kinds), null];

const maskRules = Object.entries(kinds).map(([name, kind]) => ({
  if: { required: ['mask'], properties: { mask: name === 'null' ? { enum: ['null', null] } : { const: name } } },
  // biome-ignore lint/suspicious/noThenProperty: a JSON schema's own word
  then: {
    properties: { mask: true, ...kind.options },
    required: [...(kind.required ?? [])],
    additionalProperties: false,
  },
}));

const maskRule = {
  type: 'object',
  properties: { mask: { enum: kindNames } },
  required: ['mask'],
  allOf: maskRules,
};

const families = [...new Set(Object.values(kinds).flatMap(({ holds }) => holds))].sort();
// Three names of 63 bytes and two dots.
const column = { type: 'string', minLength: 5, maxLength: 191, description: 'schema.table.column' };

/** The JSON schema of a policy, made from the table of kinds: one that is added there can be written at once. */
export const policySchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A masking policy of greenroom',
  type: 'object',
  properties: {
    locale: { enum: locales, description: 'Whose words masked values are made of; the project’s without it' },
    owner: { ...words, description: 'Who answers for what is kept, where that names nobody itself' },
    tables: {
      type: 'object',
      description: 'By schema.table, then by column',
      additionalProperties: { type: 'object', additionalProperties: { $ref: '#/$defs/column' } },
    },
    names: {
      type: 'array',
      maxItems: 200,
      description: 'By the name of the column: the first that matches counts, where the column has no rule of its own',
      items: {
        type: 'object',
        properties: {
          match: {
            type: 'string',
            minLength: 1,
            maxLength: longestPattern,
            description:
              'A regular expression for the whole name, without references and look-around; case does not count',
          },
          type: { enum: families, description: 'Columns of this family of types only' },
          rule: { $ref: '#/$defs/column' },
        },
        required: ['match', 'rule'],
        additionalProperties: false,
      },
    },
    types: {
      type: 'object',
      description: 'By the type as Postgres prints it (character varying, inet[], app.status), where nothing else says',
      additionalProperties: { $ref: '#/$defs/column' },
    },
    links: {
      type: 'array',
      maxItems: 10_000,
      description:
        'Columns that hold the same values although no foreign key says so: masked alike, so that they still join',
      items: {
        type: 'object',
        properties: { from: column, to: column },
        required: ['from', 'to'],
        additionalProperties: false,
      },
    },
    quasiIdentifiers: quasiIdentifiersSchema,
    sequences: { type: 'object', additionalProperties: keepRule },
  },
  required: ['tables'],
  additionalProperties: false,
  $defs: {
    // Chosen by what is written, so that a misspelt option is named and not "matches none of two".
    column: {
      type: 'object',
      if: { required: ['keep'] },
      // biome-ignore lint/suspicious/noThenProperty: a JSON schema's own word
      then: keepRule,
      else: maskRule,
    },
    // biome-ignore lint/suspicious/noThenProperty: a JSON schema's own word
    field: { if: { type: ['string', 'null'] }, then: { enum: kindNames }, else: { $ref: '#/$defs/column' } },
  },
};

const ajv = new Ajv2020({ allErrors: true, strict: false });
ajv.addFormat('date', (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDay(text));
const validate = ajv.compile(policySchema);

function isDay(text: string): boolean {
  const moment = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text);
}

/**
 * Reads a policy that came as JSON or YAML data.
 *
 * @param lineOf gives the line on which a path of it was written, where it was text.
 * @throws Problem `policy-invalid` with every mistake, each at its `schema.table.column`, `names[n]`, `types.…`, `links[n]`.
 */
export function parsePolicy(input: unknown, lineOf?: (path: string[]) => number | undefined): Policy {
  const mistakes = [...mistakesOf(schemaErrors(input), lineOf), ...patternMistakes(input, lineOf)];
  if (mistakes.length === 0) return withNullNamed(input) as Policy;
  throw new Problem('policy-invalid', 'The masking policy has mistakes', {
    where: mistakes[0]!.where,
    errors: mistakes,
  });
}

/** In a policy without mistakes nothing but a kind's name may be null. */
function withNullNamed(part: unknown): unknown {
  if (part === null) return 'null';
  if (typeof part !== 'object') return part;
  if (Array.isArray(part)) return part.map(withNullNamed);
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, withNullNamed(value)]));
}

/** The policy in force: in the project's locale where it says none of its own. */
export function withLocale<Given extends { locale?: string }>(policy: Given, projects: string | undefined): Given {
  return projects === undefined ? policy : { locale: projects, ...policy };
}

function schemaErrors(input: unknown): ErrorObject[] {
  try {
    return validate(input) ? [] : (validate.errors ?? []);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // The stack ended: documents in documents, hundreds deep.
    throw new Problem('policy-invalid', 'The masking policy is nested too deeply', { where: 'policy' });
  }
}

/** The same for policies that mean the same, whatever their order and layout. */
export function policyHash(policy: Policy): string {
  return createHash('sha256').update(canonical(policy)).digest('hex');
}

/** JSON with the keys of every object in order. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
