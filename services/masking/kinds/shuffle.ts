import { families, type Kind, type Materials, type Place } from '../kind.ts';
import { appendString } from '../rows/sink.ts';
import { Unmaskable } from '../values/unmaskable.ts';

/**
 * Each value becomes another of the same pool, and no two the same: how often values occur stays, so the commonest can
 * be told. A pool is the column's own values; columns that say the same `pool` share one, and are masked alike.
 */
export const shuffle: Kind = {
  summary: 'Another value of the same column, or of all columns with the same `pool`',
  holds: families,
  options: { pool: { type: 'string', minLength: 1 } },
  unique: 'always',
  needsEscape: true,
  whole: true,
  columnsOnly: true,
  pooled: () => true,
  create: ({ pools }, _rule, place) => {
    const others = poolOf(pools, place);
    return (bytes, start, end, out) => {
      const value = bytes.toString('utf8', start, end);
      // A pool that citext has a part in holds small letters only.
      const other = others.get(value) ?? others.get(value.toLowerCase());
      if (other === undefined)
        throw new Unmaskable('it is shuffled, and has a value that was not there when it was read');
      appendString(out, other);
    };
  },
};

/** What each of the column's own values becomes. */
export function poolOf(pools: Materials['pools'], { pool = '' }: Place): ReadonlyMap<string, string> {
  const found = pools.get(pool);
  if (!found) throw new Error('The values of a column that is shuffled, or drawn from, have not been read');
  return found;
}
