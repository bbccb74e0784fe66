import type { Findings } from '../findings.ts';
import { limits } from '../limits.ts';
import type { Tree } from '../tree.ts';

/** What a variable is set to; undefined when it is not set at all. */
export type Lookup = (name: string) => string | undefined;

/** What happens beside the text: a variable that is not set, a mistake in the template. */
export interface Substitution {
  lookup: Lookup;
  unset(name: string): void;
  mistake(what: string): void;
}

const namePattern = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const operators = [':-', ':?', ':+', '-', '?', '+'] as const;

/**
 * Replaces variables in a text by Compose's rules: `$X`, `${X}`, `${X:-d}` (unset or empty), `${X-d}` (unset),
 * `${X:?e}` and `${X?e}` (a mistake), `${X:+r}` and `${X+r}` (when set), `$$` for a dollar; operands may nest. A dollar
 * before anything else stays, as in `$(date)`. Only the operand that is used is looked at.
 * Source: Compose Specification, "Interpolation"; compose-go `template`.
 */
export function substitute(template: string, context: Substitution, depth = 0): string {
  if (!template.includes('$')) return template;
  if (depth > limits.substitutionDepth) {
    context.mistake(`\${…} is nested more than ${limits.substitutionDepth} deep`);
    return '';
  }
  let result = '';
  let position = 0;
  while (position < template.length) {
    const dollar = template.indexOf('$', position);
    if (dollar < 0) return result + template.slice(position);
    result += template.slice(position, dollar);
    const next = template[dollar + 1];
    if (next === '$') {
      result += '$';
      position = dollar + 2;
    } else if (next === '{') {
      const end = closingBrace(template, dollar + 1);
      const expression = end < 0 ? undefined : template.slice(dollar + 2, end);
      const value = expression === undefined ? undefined : evaluate(expression, context, depth);
      if (value === undefined) {
        context.mistake(
          'has a dollar and a brace that are not a variable: write $$ for a dollar that is meant as such',
        );
        return '';
      }
      result += value;
      position = end + 1;
    } else {
      const name = nameAt(template, dollar + 1);
      result += name === '' ? '$' : plain(name, context);
      position = dollar + 1 + name.length;
    }
    if (result.length > limits.producedChars) {
      context.mistake('becomes too long');
      return '';
    }
  }
  return result;
}

/** The brace that closes the one at `open`; braces inside count, so that a default may be `{"a":1}`. */
function closingBrace(text: string, open: number): number {
  let nesting = 0;
  for (let index = open; index < text.length; index += 1) {
    if (text[index] === '{') nesting += 1;
    if (text[index] === '}') nesting -= 1;
    if (nesting === 0) return index;
  }
  return -1;
}

function nameAt(text: string, position: number): string {
  namePattern.lastIndex = position;
  return namePattern.exec(text)?.[0] ?? '';
}

function plain(name: string, context: Substitution): string {
  const value = context.lookup(name);
  if (value === undefined) context.unset(name);
  return value ?? '';
}

/** The value of what stands between the braces; undefined when that is no expression. */
function evaluate(expression: string, context: Substitution, depth: number): string | undefined {
  const name = nameAt(expression, 0);
  const rest = expression.slice(name.length);
  if (name === '') return undefined;
  if (rest === '') return plain(name, context);
  const operator = operators.find((candidate) => rest.startsWith(candidate));
  if (operator === undefined) return undefined;
  const operand = rest.slice(operator.length);
  const value = context.lookup(name);
  const present = value !== undefined && !(operator.startsWith(':') && value === '');
  switch (operator.at(-1)) {
    case '-':
      return present ? value : substitute(operand, context, depth + 1);
    case '+':
      return present ? substitute(operand, context, depth + 1) : (value ?? '');
    default:
      if (present) return value;
      context.mistake(
        `the variable ${name} is required but ${value === undefined ? 'not set' : 'empty'}${operand ? `: ${substitute(operand, context, depth + 1)}` : ''}`,
      );
      return '';
  }
}

/**
 * Interpolates every text in a document, extension fields included, keys not. A variable that is not set and has no
 * default is the empty string and is reported, as Compose warns.
 */
export function interpolate(tree: Tree, lookup: Lookup, findings: Findings, path = ''): Tree {
  findings.spend(limits.charsPerValue, path);
  if (typeof tree === 'string') {
    if (!tree.includes('$')) return tree;
    const text = substitute(tree, {
      lookup,
      unset: (name) => findings.replace(path, `the variable ${name} is not set, the empty string is used`),
      mistake: (what) =>
        findings.mistake(
          path,
          what,
          what.includes('required') ? 'set it among the variables, or in the .env file of the bundle' : undefined,
        ),
    });
    findings.spend(text.length, path);
    return text;
  }
  if (Array.isArray(tree)) return tree.map((item, index) => interpolate(item, lookup, findings, `${path}[${index}]`));
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [
      key,
      interpolate(value, lookup, findings, path === '' ? key : `${path}.${key}`),
    ]),
  );
}
