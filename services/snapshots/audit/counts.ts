import { createDistinct, mergeDistinct } from './distinct.ts';

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
  /** How many originals one number drawn at random meets: only originals of digits alone count. */
  numberChance: number;
  /** The same of a value of the same shape. */
  shapeChance: number;
  distinct: Uint8Array;
}

/** By unit. Of a part that failed they are dropped. */
export type PartCounts = Map<number, UnitCounts>;

export function createCounts(): UnitCounts {
  return {
    ...{ values: 0, searched: 0, equal: 0, chance: 0, numberChance: 0, shapeChance: 0 },
    equalOriginals: new Set(),
    distinct: createDistinct(),
  };
}

export function addCounts(sum: UnitCounts, part: UnitCounts): void {
  sum.values += part.values;
  sum.searched += part.searched;
  sum.equal += part.equal;
  sum.chance += part.chance;
  sum.numberChance += part.numberChance;
  sum.shapeChance += part.shapeChance;
  for (const original of part.equalOriginals) sum.equalOriginals.add(original);
  mergeDistinct(sum.distinct, part.distinct);
}
