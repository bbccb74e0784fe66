import { vocabulariesOf } from '../audit/vocabulary.ts';
import type { Count } from './count.ts';
import { keepsApart } from './risk-table.ts';

interface Told {
  technique: string;
  options?: Record<string, unknown>;
  distinctIn?: Count;
}

/** Those that draw a whole value from a dictionary, and so make no more different ones than it has. */
const drawnWhole = ['full_name', 'first_name', 'last_name', 'company', 'city', 'country'];

/**
 * How many different values came out, where ANALYZE has only seen a sample: of values that occur unevenly it says too few
 * (481 of 1,792). A technique that keeps originals apart makes as many as there were, as far as its words go; of both
 * numbers the larger one counts, so that nobody seems hidden among more rows than there are.
 *
 * @param counted in the result @param present rows that have a value @param locale of the dictionaries
 */
export function distinctOutOf(
  { technique, options = {}, distinctIn }: Told,
  counted: Count | undefined,
  present: number,
  locale: string,
): Count | undefined {
  if (!counted || counted.exact || !distinctIn || !keepsApart(technique, options)) return counted;
  const words = drawnWhole.includes(technique) ? vocabulariesOf(locale)[technique]!.values : Number.POSITIVE_INFINITY;
  return { count: Math.max(counted.count, Math.min(distinctIn.count, present, words)), exact: false };
}
