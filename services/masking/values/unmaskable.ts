import { Problem } from '../../errors.ts';
import type { Mask } from '../kind.ts';

/** A value that a mask cannot read, of which it lets nothing through. The message says nothing of the value. */
export class Unmaskable extends Error {}

/**
 * A mask whose failure names the column. A dump may be anybody's file, with values in forms that Postgres reads and never
 * prints; what else is thrown on the way (JSON.parse quotes what it read) may hold the value, so none of it is passed on.
 *
 * @param where schema.table.column
 */
export function failingAt(where: string, mask: Mask): Mask {
  return (bytes, start, end, out) => {
    try {
      mask(bytes, start, end, out);
    } catch (error) {
      const what = error instanceof Unmaskable ? error.message : 'its mask cannot read one of its values';
      throw new Problem('capture-failed', `Masking ${where} failed: ${what}`, {
        where,
        remedy: 'Have its values written as Postgres prints them, as pg_dump does; or mask it with null or constant.',
      });
    }
  };
}
