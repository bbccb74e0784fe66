import type { Findings } from '../findings.ts';
import type { Tree } from '../tree.ts';
import { textOf } from '../tree.ts';

/** A boolean, also as text (`"${X}"` always is): true/false, and YAML 1.1's yes/no/on/off/y/n as Compose accepts. */
export function readBoolean(value: Tree | undefined, where: string, findings: Findings): boolean | undefined {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? undefined;
  const text = textOf(value).toLowerCase();
  if (['true', 'yes', 'y', 'on'].includes(text)) return true;
  if (['false', 'no', 'n', 'off'].includes(text)) return false;
  findings.mistake(where, 'must be true or false');
  return undefined;
}

/** A whole number, also as text. */
export function readInteger(
  value: Tree | undefined,
  where: string,
  findings: Findings,
  range: { min?: number; max?: number } = {},
): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && /^[-+]?\d+$/.test(value) ? Number(value) : value;
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = range;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max) return number;
  const from = range.min === undefined ? '' : ` from ${min}`;
  findings.mistake(where, `must be a whole number${from}${range.max === undefined ? '' : ` to ${max}`}`);
  return undefined;
}

/** A number that may have a fraction, also as text. */
export function readNumber(value: Tree | undefined, where: string, findings: Findings): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
  findings.mistake(where, 'must be a number that is not negative');
  return undefined;
}

/** A file mode. A number has already been read as octal where it was written so; text is octal. */
export function readMode(value: Tree | undefined, where: string, findings: Findings): number | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'string' && /^(0o?)?[0-7]{1,4}$/.test(value) ? value.replace('o', '') : undefined;
  const mode = text === undefined ? value : Number.parseInt(text, 8);
  if (typeof mode === 'number' && Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return mode;
  findings.mistake(where, 'must be a file mode such as 0440');
  return undefined;
}
