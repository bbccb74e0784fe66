import type { Findings } from '../findings.ts';
import { type Tree, textOf } from '../tree.ts';

/**
 * Splits a command as Compose does: at blanks; `'…'` is literal, in `"…"` and outside a backslash makes the next
 * character literal; back quotes and `$(…)` stay as they are written, as one piece. No variable, glob or operator is
 * acted on, for no shell is there. Returns a sentence instead when the text cannot be split.
 * Source: go-shellwords, which Compose uses. That package silently drops everything from `;`, `&`, `|`, `<` or `>` on;
 * here that is a mistake.
 */
export function splitWords(line: string): string[] | string {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | '`' | ')' | undefined;
  let escaped = false;
  for (const char of line) {
    if (escaped) {
      word = (word ?? '') + char;
      escaped = false;
    } else if (char === '\\' && quote !== "'") {
      escaped = true;
    } else if (quote === '"' || quote === "'") {
      if (char === quote) {
        word ??= '';
        quote = undefined;
      } else word = (word ?? '') + char;
    } else if (quote === '`' || quote === ')') {
      word = (word ?? '') + char;
      if (char === quote) quote = undefined;
    } else if (' \t\r\n'.includes(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (char === '(' && !word?.endsWith('$')) {
      return 'has a ( outside of quotes';
    } else if (char === ')') {
      return 'has a ) outside of quotes';
    } else if (';&|<>'.includes(char)) {
      return `has a ${char} outside of quotes, but no shell is there to act on it`;
    } else {
      if (char === '`') quote = '`';
      if (char === '(') quote = ')';
      word = (word ?? '') + char;
    }
  }
  if (quote !== undefined) return `has no closing ${quote}`;
  if (escaped) return 'ends in a backslash';
  if (word !== undefined) words.push(word);
  return words;
}

/**
 * `command` or `entrypoint`: null leaves the image's, an empty text or list clears it.
 * Source: Compose Specification, "command".
 */
export function readCommand(value: Tree | undefined, where: string, findings: Findings): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map(textOf);
  const words = splitWords(textOf(value));
  if (typeof words !== 'string') return words;
  findings.mistake(where, words, 'write it as a list, or as sh -c "…" where a shell is meant');
  return undefined;
}
