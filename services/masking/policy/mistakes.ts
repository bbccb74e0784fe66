import type { ErrorObject } from 'ajv';
import type { Mistake } from '../../errors.ts';
import { compilePattern, longestPattern } from './pattern.ts';

type LineOf = (path: string[]) => number | undefined;

export const howToClassify = 'Write { mask: <kind> }, or { keep: "<why the originals may be seen>" }';

/** What a JSON schema has to say about a policy, in words of the policy. */
export function mistakesOf(errors: ErrorObject[], lineOf?: LineOf): Mistake[] {
  const mistakes = new Map<string, Mistake>();
  for (const error of errors) {
    // `if` only says that its `then` failed, which is listed itself.
    if (error.keyword === 'if') continue;
    const mistake = mistakeOf(error, lineOf);
    mistakes.set(`${mistake.where} ${mistake.what}`, mistake);
  }
  return [...mistakes.values()];
}

/** What no JSON schema can say: whether patterns are patterns. */
export function patternMistakes(input: unknown, lineOf?: LineOf): Mistake[] {
  const { names } = (input ?? {}) as { names?: unknown };
  if (!Array.isArray(names)) return [];
  return names.flatMap((one: unknown, index) => {
    const { match } = (one ?? {}) as { match?: unknown };
    if (typeof match !== 'string' || match.length > longestPattern) return [];
    try {
      compilePattern(match);
      return [];
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const path = ['names', String(index), 'match'];
      return [{ ...placeOf(path, lineOf).mistake(error.message), remedy: howToMatch }];
    }
  });
}

const howToMatch = 'Use letters, digits, ., [a-z], ( ), |, ?, *, +, {m,n}, \\d, \\w: for example .*_(ip|addr)';

function mistakeOf({ instancePath, keyword, message, params }: ErrorObject, lineOf?: LineOf): Mistake {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { mistake } = placeOf(path, lineOf);
  if (keyword === 'required') {
    return params.missingProperty === 'mask'
      ? { ...mistake('says neither `mask` nor `keep`'), remedy: howToClassify }
      : mistake(`lacks \`${params.missingProperty}\``);
  }
  if (keyword === 'additionalProperties') {
    const unknown = `has an unknown option \`${params.additionalProperty}\``;
    return placeOf([...path, params.additionalProperty], lineOf, path).mistake(unknown);
  }
  // A kind's null stands in the list by its name already.
  if (keyword === 'enum')
    return mistake(`is none of: ${params.allowedValues.filter((one: unknown) => one !== null).join(', ')}`);
  if (keyword === 'format') return mistake('is no date of the calendar, written YYYY-MM-DD');
  return mistake(message ?? 'is not valid');
}

/** How a place is called: `shop.customers.email`, `names[0]`, `types.inet`; what is inside it begins the sentence. */
function placeOf(linePath: string[], lineOf: LineOf | undefined, path = linePath) {
  const [section = 'policy', first, ...rest] = path;
  const line = lineOf?.(linePath);
  const call = (where: string, inside: string[]) => ({
    mistake: (what: string): Mistake => ({
      where,
      what: [...(inside.length > 0 ? [inside.join('.')] : []), what, ...(line ? [`(line ${line})`] : [])].join(' '),
    }),
  });
  if (first === undefined) return call(section, []);
  if (section === 'tables') return call([first, ...rest.slice(0, 1)].join('.'), rest.slice(1));
  if (section === 'names' || section === 'links') return call(`${section}[${first}]`, rest);
  return call(`${section}.${first}`, rest);
}
