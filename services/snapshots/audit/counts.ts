import { createDistinct, mergeDistinct } from './distinct.ts';
import { createNumbersSeen, mergeNumbersSeen, type NumbersSeen } from './numbers-seen.ts';

/** What was counted of one unit; sums of parts are the sums of these. */
export interface UnitCounts {
  values: number;
  /** Values that have a word, so that there is something to compare. */
  compared: number;
  /** Originals that are above the entropy floor and so are searched. */
  searched: number;
  /** Those of them without digits, where that is asked. */
  ofLetters: number;
  /** Values masked with themselves, and the different ones among them. */
  equal: number;
  equalDistinct: Uint8Array;
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
    ...{ values: 0, compared: 0, searched: 0, ofLetters: 0, equal: 0, chance: 0, shapeChance: 0 },
    equalDistinct: createDistinct(),
    numbers: createNumbersSeen(),
    distinct: createDistinct(),
  };
}

export function addCounts(sum: UnitCounts, part: UnitCounts): void {
  sum.values += part.values;
  sum.compared += part.compared;
  sum.searched += part.searched;
  sum.ofLetters += part.ofLetters;
  sum.equal += part.equal;
  sum.chance += part.chance;
  sum.shapeChance += part.shapeChance;
  mergeDistinct(sum.equalDistinct, part.equalDistinct);
  mergeNumbersSeen(sum.numbers, part.numbers);
  mergeDistinct(sum.distinct, part.distinct);
}
