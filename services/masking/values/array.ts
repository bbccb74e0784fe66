import type { Mask } from '../kind.ts';
import { appendString, appendWhenLong } from '../rows/sink.ts';
import { ofStrings } from './apply.ts';
import { endOfQuoted, quoted, unquoted } from './quoted.ts';
import { Unmaskable } from './unmaskable.ts';

/**
 * Masks each element of an array as Postgres prints it: `{a,"b \"c\"",NULL,{…}}`, with bounds in front where they do not
 * begin at 1 (https://www.postgresql.org/docs/17/arrays.html#ARRAYS-IO). NULL and empty elements stay.
 */
export function maskElements(mask: Mask): Mask {
  const masked = ofStrings(mask);
  return (bytes, start, end, out) => {
    const literal = bytes.toString('utf8', start, end);
    const body = literal.startsWith('[') ? literal.indexOf('=') + 1 : 0;
    let result = literal.slice(0, body);
    let index = body;
    while (index < literal.length) {
      result = appendWhenLong(out, result);
      const character = literal[index]!;
      if (character === '{' || character === '}' || character === ',') {
        result += character;
        index++;
        continue;
      }
      const [element, next] = character === '"' ? quotedElement(literal, index) : plainElement(literal, index);
      index = next;
      result += element === null ? 'NULL' : quoted(masked(element));
    }
    appendString(out, result);
  };
}

function quotedElement(literal: string, start: number): [string, number] {
  const end = endOfQuoted(literal, start);
  if (end < 0) throw new Unmaskable('an array ends within an element');
  return [unquoted(literal, start, end), end];
}

function plainElement(literal: string, start: number): [string | null, number] {
  let index = start;
  while (index < literal.length && literal[index] !== ',' && literal[index] !== '}') index++;
  const element = literal.slice(start, index);
  return [element === 'NULL' ? null : element, index];
}
