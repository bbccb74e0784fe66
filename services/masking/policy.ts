import { createHash } from 'node:crypto';
import { Ajv, type ErrorObject } from 'ajv';
import { type Mistake, Problem } from '../errors.ts';
import type { MaskRule } from './kind.ts';
import { kinds } from './kinds/index.ts';

/** Keeps the original values, and why that is right. */
export interface KeepRule {
  keep: string;
}

export type ColumnRule = MaskRule | KeepRule;

/** What happens to every column of a source: `tables["schema.table"][column]`. */
export interface Policy {
  tables: Record<string, Record<string, ColumnRule>>;
  /** Sequences that go on where the source's are, by `schema.sequence`; all others are shifted. */
  sequences?: Record<string, KeepRule>;
}

export function isKeep(rule: ColumnRule): rule is KeepRule {
  return 'keep' in rule;
}

const keepRule = {
  type: 'object',
  properties: { keep: { type: 'string', minLength: 1 } },
  required: ['keep'],
  additionalProperties: false,
};

const maskRules = Object.entries(kinds).map(([name, kind]) => ({
  if: { required: ['mask'], properties: { mask: { const: name } } },
  // biome-ignore lint/suspicious/noThenProperty: a JSON schema's own word
  then: {
    properties: { mask: true, ...kind.options },
    required: [...(kind.required ?? [])],
    additionalProperties: false,
  },
}));

const maskRule = {
  type: 'object',
  properties: { mask: { enum: Object.keys(kinds) } },
  required: ['mask'],
  allOf: maskRules,
};

/** The JSON schema of a policy, made from the table of kinds: one that is added there can be written at once. */
export const policySchema = {
  type: 'object',
  properties: {
    tables: {
      type: 'object',
      additionalProperties: { type: 'object', additionalProperties: { $ref: '#/$defs/column' } },
    },
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
    field: { if: { type: 'string' }, then: { enum: Object.keys(kinds) }, else: { $ref: '#/$defs/column' } },
  },
};

const validate = new Ajv({ allErrors: true, strict: false }).compile(policySchema);

/**
 * Reads a policy that came as JSON or YAML data.
 *
 * @throws Problem `policy-invalid` with every mistake, each at its `schema.table.column`.
 */
export function parsePolicy(input: unknown): Policy {
  if (validate(input)) return input as unknown as Policy;
  throw new Problem('policy-invalid', 'The masking policy has mistakes', { errors: mistakesOf(validate.errors ?? []) });
}

function mistakesOf(errors: ErrorObject[]): Mistake[] {
  const mistakes = new Map<string, Mistake>();
  for (const error of errors) {
    // `if` only says that its `then` failed, which is listed itself.
    if (error.keyword === 'if') continue;
    const mistake = mistakeOf(error);
    mistakes.set(`${mistake.where} ${mistake.what}`, mistake);
  }
  return [...mistakes.values()];
}

function mistakeOf(error: ErrorObject): Mistake {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const inTables = path[0] === 'tables' && path.length > 1;
  const isRule = inTables && path.length >= 3;
  const where = (inTables ? path.slice(1, 3) : path).join('.') || 'policy';
  const inside = inTables ? path.slice(3).join('.') : '';
  const prefix = inside ? `${inside} ` : '';
  const { params, keyword, message } = error;
  if (keyword === 'required') {
    const what = `${prefix}lacks \`${params.missingProperty}\``;
    return isRule && params.missingProperty === 'mask'
      ? { where, what: `${prefix}says neither \`mask\` nor \`keep\``, remedy: howToClassify }
      : { where, what };
  }
  if (keyword === 'additionalProperties')
    return { where, what: `${prefix}has an unknown option \`${params.additionalProperty}\`` };
  if (keyword === 'enum')
    return { where, what: `${prefix}is none of: ${(params.allowedValues as string[]).join(', ')}` };
  return { where, what: `${prefix}${message ?? 'is not valid'}` };
}

export const howToClassify = 'Write { mask: <kind> }, or { keep: "<why the originals may be seen>" }';

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
