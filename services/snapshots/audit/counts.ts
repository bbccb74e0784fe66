import { createDistinct, mergeDistinct } from './distinct.ts';
import { createNumbersSeen, mergeNumbersSeen, type NumbersSeen } from './numbers-seen.ts';

/** What was counted of one unit; sums of parts are the sums of these. */
export interface UnitCounts {
  values: number;
  /** Originals that are above the entropy floor and so are searched. */
  searched: number;
  /** Values masked with themselves, and hashes of the different ones among them (the first thousand of a part). */
  equal: number;
  equalOriginals: Set<number>;
  /** How many values chance masks with themselves. */
  chance: number;
  /** Originals of digits alone that are searched. */
  numbers: NumbersSeen;
  /** How many of those that are searched one value of their shape meets, drawn at random. */
  shapeChance: number;
  distinct: Uint8Array;
}

/** By unit. Of a part that failed they are dropped. */
export type PartCounts = Map<number, UnitCounts>;

export function createCounts(): UnitCounts {
  return {
    ...{ values: 0, searched: 0, equal: 0, chance: 0, shapeChance: 0 },
    equalOriginals: new Set(),
    numbers: createNumbersSeen(),
    distinct: createDistinct(),
  };
}

export function addCounts(sum: UnitCounts, part: UnitCounts): void {
  sum.values += part.values;
  sum.searched += part.searched;
  sum.equal += part.equal;
  sum.chance += part.chance;
  sum.shapeChance += part.shapeChance;
  for (const original of part.equalOriginals) sum.equalOriginals.add(original);
  mergeNumbersSeen(sum.numbers, part.numbers);
  mergeDistinct(sum.distinct, part.distinct);
}
