/**
 * Strings in double quotes: those of arrays, hstore and JSON, in which a backslash stands before quotes and backslashes;
 * and those of composite values, in which both are doubled. They are looked through, not matched: a choice that is
 * repeated overflows the stack of regular expressions after some millions of characters, and a field may have a hundred.
 */

/** So many characters are changed at a time: `replace` keeps some 50 bytes for each place that it has found. */
const pieceLength = 1 << 16;

/** The position behind the string that begins with the quote at `start`; -1 where it does not end. */
export function endOfQuoted(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1))
    if (!isEscaped(text, end, start)) return end + 1;
  return -1;
}

/** What is between the quotes at `start` and before `end`, as it was before it was quoted. */
export function unquoted(text: string, start: number, end: number, isDoubled = false): string {
  const inner = text.slice(start + 1, end - 1);
  if (!/["\\]/.test(inner)) return inner;
  const escaped = isDoubled ? /["\\](.)/gs : /\\(.)/gs;
  let result = '';
  for (let from = 0, to = 0; from < inner.length; from = to) {
    to = Math.min(inner.length, from + pieceLength);
    if (isEscaped(inner, to, from, isDoubled)) to++;
    result += inner.slice(from, to).replace(escaped, '$1');
  }
  return result;
}

export function quoted(value: string, isDoubled = false): string {
  const escaped = isDoubled ? '$&$&' : '\\$&';
  let result = '"';
  for (let from = 0; from < value.length; from += pieceLength)
    result += value.slice(from, from + pieceLength).replace(/["\\]/g, escaped);
  return `${result}"`;
}

/** @param from where no character is escaped. */
function isEscaped(text: string, at: number, from: number, isDoubled = false): boolean {
  const escapes = (code: number) => code === 0x5c || (isDoubled && code === 0x22);
  let first = at;
  while (first > from && escapes(text.charCodeAt(first - 1))) first--;
  return (at - first) % 2 === 1;
}
