import type { Mistake } from '../errors.ts';
import type { CatalogColumn } from './catalog.ts';
import { tagLength } from './digest.ts';
import type { Place } from './kind.ts';
import { kinds } from './kinds/index.ts';
import { type ColumnRule, isKeep } from './policy.ts';

const integers: Record<string, bigint> = { int2: 2n ** 15n, int4: 2n ** 31n, int8: 2n ** 63n };

/** Constants that the column has no room for, and unique columns that have none for what keeps values apart. */
export function overflows(where: string, column: CatalogColumn, rule: ColumnRule, place: Place): Mistake[] {
  if (isKeep(rule)) return [];
  if (rule.mask === 'constant') {
    const value = String(rule.value);
    if (column.isArray || fits(value, place)) return [];
    return [
      { where, what: `${column.type} cannot hold the constant`, remedy: 'Write a value of the column’s type and size' },
    ];
  }
  const { unique, limit } = place;
  if (kinds[rule.mask]?.unique !== 'on-request' || !unique || limit === undefined || limit >= tagLength) return [];
  const what = `is unique, and ${limit} characters are too few to keep the values of the mask ${rule.mask} apart, which needs ${tagLength}`;
  return [{ where, what, remedy: 'Use token, which keeps the length' }];
}

function fits(value: string, { family, type, limit, precision, scale = 0 }: Place): boolean {
  if (family === 'text') return limit === undefined || [...value].length <= limit;
  if (family === 'integer') {
    if (!/^\s*[+-]?\d+\s*$/.test(value)) return false;
    const number = BigInt(value.trim().replace('+', ''));
    const bound = integers[type];
    return bound === undefined || (number >= -bound && number < bound);
  }
  if (family === 'decimal') {
    if (/^(NaN|-?Infinity)$/i.test(value)) return precision === undefined || /nan/i.test(value);
    const number = Number(value);
    if (value.trim() === '' || Number.isNaN(number)) return false;
    return precision === undefined || Math.abs(number) < 10 ** (precision - scale);
  }
  return true;
}
