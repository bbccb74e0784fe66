import type { Words } from './words.ts';

/** Year, month, day and hour. */
const mostBefore = 4;
/** Digits of a second's fraction. */
const mostFraction = 9;

/** A date or time as ISO 8601 or Postgres writes it: an ordinary value, of which there are as many as seconds. */
export function isMoment(words: Words): boolean {
  return momentAt(words, 0)?.end === words.count;
}

/**
 * Whether words first to last (not included) are numbers in a moment, as `23 16:18:43` is in `2025-02-23 16:18:43+00`: no
 * address, though 23.16.18.43 is one. Its minutes are among them, or come later: what begins with seconds may be an address
 * behind a moment that has none.
 */
export function isWithinMoment(words: Words, first: number, last: number): boolean {
  for (let word = first; word < last; word++) if (words.numbers[word] !== 1) return false;
  for (let start = first - 1; start >= 0 && start >= first - mostBefore; start--) {
    const moment = momentAt(words, start);
    if (moment?.minutes !== undefined && first <= moment.minutes && last <= moment.end) return true;
  }
  return false;
}

/** A date, or one with a time, that begins with a word. @returns which word has the minutes, and which comes behind it all */
function momentAt(words: Words, start: number): { minutes?: number; end: number } | undefined {
  if (digitsOf(words, start) !== 4 || !isWithin(words, start, 1800, 2200)) return undefined;
  const day = start + 2;
  if (!isTwo(words, start + 1, 12)) return undefined;
  const isJoined = lengthOf(words, day) === 5 && words.text[words.starts[day]! + 2] === letterT;
  if (!isJoined && !isTwo(words, day, 31)) return undefined;
  const minutes = day + (isJoined ? 1 : 2);
  if (!isTwo(words, minutes, 59) || !(isJoined || isTwo(words, day + 1, 24))) return { end: day + 1 };
  let end = minutes + 1;
  if (isTwo(words, end, 60)) end++;
  if (end === minutes + 2 && digitsOf(words, end) > 0 && digitsOf(words, end) <= mostFraction) end++;
  for (let zone = 0; zone < 2 && isTwo(words, end, 59); zone++) end++;
  // `2025-02-23 16:18:43 Z`
  if (lengthOf(words, end) === 1 && words.text[words.starts[end]!] === letterZ) end++;
  return { minutes, end };
}

const letterT = 0x74;
const letterZ = 0x7a;

function isTwo(words: Words, word: number, most: number): boolean {
  return digitsOf(words, word) === 2 && isWithin(words, word, 0, most + 1);
}

/** How many digits a word is, but for the Z that may be at its end; 0 where it is anything else. */
function digitsOf(words: Words, word: number): number {
  const length = lengthOf(words, word);
  if (length === 0 || words.numbers[word] === 1) return length;
  const isLastZ = words.text[words.ends[word]! - 1] === letterZ;
  for (let index = words.starts[word]!; index < words.ends[word]! - 1; index++) {
    const byte = words.text[index]!;
    if (byte < 0x30 || byte > 0x39) return 0;
  }
  return isLastZ ? length - 1 : 0;
}

function lengthOf({ count, starts, ends }: Words, word: number): number {
  return word < count ? ends[word]! - starts[word]! : 0;
}

function isWithin({ text, starts }: Words, word: number, least: number, beyond: number): boolean {
  let value = 0;
  for (let index = starts[word]!; text[index]! >= 0x30 && text[index]! <= 0x39; index++)
    value = value * 10 + text[index]! - 0x30;
  return value >= least && value < beyond;
}
