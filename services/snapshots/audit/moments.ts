import type { Words } from './words.ts';

const isYear = (year: number) => year >= 1800 && year < 2200;

/** A date or time as ISO 8601 or Postgres writes it: an ordinary value, of which there are as many as seconds. */
export function isMoment({ text, starts, ends, count }: Words): boolean {
  if (count < 3 || count > 9 || ends[0]! - starts[0]! !== 4) return false;
  let letters = 0;
  for (let index = 0; index < ends[count - 1]!; index++) {
    const byte = text[index]!;
    if (byte !== 0 && (byte < 0x30 || byte > 0x39) && ++letters > 2) return false;
  }
  const year = Number(String.fromCharCode(...text.subarray(starts[0]!, ends[0]!)));
  return isYear(year) && [1, 2].every((word) => digitsFrom(text, starts[word]!) === 2);
}

function digitsFrom(text: Uint8Array, start: number): number {
  let end = start;
  while (text[end]! >= 0x30 && text[end]! <= 0x39) end++;
  return end - start;
}

/** Year, month, day and hour. */
const mostBefore = 4;
/** Digits of a second's fraction. */
const mostFraction = 9;

/**
 * Whether words first to last (not included) are numbers in a moment, as `23 16:18:43` is in `2025-02-23 16:18:43+00`: no
 * address, though 23.16.18.43 is one. Its minutes are among them, or come later: what begins with seconds may be an address
 * behind a moment that has none.
 */
export function isWithinMoment(words: Words, first: number, last: number): boolean {
  for (let word = first; word < last; word++) if (words.numbers[word] !== 1) return false;
  for (let start = first - 1; start >= 0 && start >= first - mostBefore; start--) {
    if (lengthOf(words, start) !== 4 || !isYear(numberIn(words, start)) || !isTwo(words, start + 1, 12)) continue;
    const minutes = minutesOf(words, start + 2);
    if (minutes === undefined || !isTwo(words, minutes, 59) || !isTwo(words, minutes + 1, 59)) continue;
    let end = minutes + 2;
    if (words.numbers[end] === 1 && lengthOf(words, end) <= mostFraction) end++;
    for (let zone = 0; zone < 2 && isTwo(words, end, 59); zone++) end++;
    if (first <= minutes && last <= end) return true;
  }
  return false;
}

/** Which word has the minutes behind this one, which has the day: `23 16:18`, or `23T16:18`. */
function minutesOf(words: Words, day: number): number | undefined {
  if (isTwo(words, day, 31) && isTwo(words, day + 1, 24)) return day + 2;
  const isJoined = lengthOf(words, day) === 5 && words.text[words.starts[day]! + 2] === 0x74;
  return isJoined ? day + 1 : undefined;
}

function isTwo(words: Words, word: number, most: number): boolean {
  return (
    word < words.count && words.numbers[word] === 1 && lengthOf(words, word) === 2 && numberIn(words, word) <= most
  );
}

function lengthOf({ count, starts, ends }: Words, word: number): number {
  return word < count ? ends[word]! - starts[word]! : 0;
}

function numberIn({ text, starts, ends }: Words, word: number): number {
  let value = 0;
  for (let index = starts[word]!; index < ends[word]!; index++) value = value * 10 + text[index]! - 0x30;
  return value;
}
