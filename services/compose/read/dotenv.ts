import type { Findings } from '../findings.ts';
import { limits } from '../limits.ts';
import { type Lookup, substitute } from './interpolate.ts';

const space = /[\t\v\f\r \u0085\u00a0]/;

/**
 * Reads a file of variables by Compose's rules: `KEY=value`, `KEY: value`, `export KEY=value`; `'…'` is literal,
 * `"…"` knows escapes and variables and may span lines, an unquoted value ends at ` #` and knows variables; a bare
 * `KEY` takes its value from `lookup` or is left out. `known` is what the file may refer to besides.
 * Source: compose-go `dotenv/parser.go`.
 */
export function parseDotenv(
  file: string,
  text: string,
  lookup: Lookup,
  known: ReadonlyMap<string, string>,
  findings: Findings,
): Map<string, string> {
  const found = new Map<string, string>();
  if (!fits(file, text, findings)) return found;
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  let position = 0;
  let line = 1;
  let counted = 0;
  const where = () => {
    for (; counted < position; counted += 1) if (source[counted] === '\n') line += 1;
    return `${file}:${line}`;
  };

  const expand = (value: string) => {
    const expanded = substitute(value, {
      lookup: (name) => lookup(name) ?? found.get(name) ?? known.get(name),
      unset: (name) => findings.replace(where(), `the variable ${name} is not set, the empty string is used`),
      mistake: (what) => findings.mistake(where(), what),
    });
    findings.spend(expanded.length, file);
    return expanded;
  };

  while (position < source.length) {
    if (/\s/.test(source[position] ?? '')) {
      position += 1;
      continue;
    }
    if (source[position] === '#') {
      position = endOfLine(source, position);
      continue;
    }
    const exported = /^export[\t\v\f\r ]+/.exec(source.slice(position, position + 200));
    if (exported) position += exported[0].length;
    const end = endOfLine(source, position);
    const statement = source.slice(position, end);
    const separator = statement.search(/[=:]/);
    const key = (separator < 0 ? statement : statement.slice(0, separator)).trim();
    if (!/^[\p{L}\p{N}_.[\]-]+$/u.test(key)) {
      findings.mistake(where(), 'is neither KEY=value nor a comment (a name has letters, digits, _ . - only)');
      position = end;
      continue;
    }
    if (separator < 0) {
      const inherited = lookup(key);
      if (inherited !== undefined) found.set(key, inherited);
      position = end;
      continue;
    }
    position += separator + 1;
    while (position < source.length && space.test(source[position] ?? '')) position += 1;
    const quote = source[position];
    if (quote === '"' || quote === "'") {
      const quoted = readQuoted(source, position, quote);
      if (!quoted) {
        findings.mistake(where(), `the value of ${key} has no closing ${quote}`);
        break;
      }
      found.set(key, quote === '"' ? expand(expandEscapes(quoted.value)) : quoted.value);
      position = quoted.end;
    } else {
      const lineEnd = endOfLine(source, position);
      const [value = ''] = source.slice(position, lineEnd).split(' #', 1);
      found.set(key, expand(value.trimEnd()));
      position = lineEnd;
    }
  }
  return found;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** The text up to the closing quote; a backslash before that quote is taken away, any other stays. */
function readQuoted(text: string, start: number, quote: string): { value: string; end: number } | undefined {
  let value = '';
  for (let index = start + 1; index < text.length; index += 1) {
    const char = text[index] ?? '';
    if (char === quote) return { value, end: index + 1 };
    if (char !== '\\') value += char;
    else if (text[index + 1] === quote) {
      value += quote;
      index += 1;
    } else {
      value += char;
      if (text[index + 1] !== undefined && text[index + 1] !== '\\') continue;
      value += text[index + 1] ?? '';
      index += 1;
    }
  }
  return undefined;
}

const escapes: Record<string, string> = {
  a: '\x07',
  b: '\b',
  c: '\\c',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  $: '$$',
  '"': '"',
  '\\': '\\',
};

/** `\n`, `\t`, `\"`, `\\`, `\$` (a dollar that is no variable), `\0123` (octal). */
function expandEscapes(value: string): string {
  return value.replace(/\\(?:0(\d{0,3})|([abcfnrtv$"\\]))/g, (whole, octal: string | undefined, name: string) => {
    if (name !== undefined) return escapes[name] ?? whole;
    return octal && /^[0-7]{3}$/.test(octal) ? String.fromCharCode(Number.parseInt(octal, 8)) : whole;
  });
}

/** `format: raw` of an env_file: every line is `KEY=value` as it stands, quotes and dollars included. */
export function parseRawEnv(file: string, text: string, lookup: Lookup, findings: Findings): Map<string, string> {
  const found = new Map<string, string>();
  if (!fits(file, text, findings)) return found;
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, raw] of lines.entries()) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const separator = line.indexOf('=');
    const key = separator < 0 ? line : line.slice(0, separator);
    if (key === '' || /\s/.test(key)) {
      findings.mistake(`${file}:${index + 1}`, 'is neither KEY=value nor a comment');
      continue;
    }
    const value = separator < 0 ? lookup(key) : line.slice(separator + 1);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

function fits(file: string, text: string, findings: Findings): boolean {
  findings.spend(text.length, file);
  if (text.length <= limits.envFileChars) return true;
  findings.mistake(file, `has ${text.length} characters, at most ${limits.envFileChars} are accepted`);
  return false;
}
