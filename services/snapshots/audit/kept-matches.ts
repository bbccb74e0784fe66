import type { Phrases } from './phrases.ts';

/** An original of a unit that stands in a place. */
export interface Match {
  /** 53 bits of the hash: tells matches apart. */
  original: number;
  unit: number;
  place: number;
  times: number;
  /** How many different originals it stands for: one, but for the last of a unit in a place, where there are many. */
  originals: number;
}

export interface Kept {
  /** Each original of a unit comes once in a place. */
  add(high: number, low: number, unit: number, place: number, times: number): void;
  readonly matches: Match[];
}

/** Of a unit in a place; and of all of them, some 20 MB. A masked column that is also kept elsewhere has as many as rows. */
const mostOfPlace = 10_000;
const mostOfAll = 200_000;

/** Matches beyond the most are counted: those that were said often and those that were not apart. */
export function createKept(isOften: Phrases['isOften']): Kept {
  const matches: Match[] = [];
  const places = new Map<number, { kept: number; rest?: Match; oftenRest?: Match }>();
  return {
    matches,
    add: (high, low, unit, place, times) => {
      const original = high * 2 ** 21 + (low >>> 11);
      const id = unit * 2 ** 26 + place;
      let own = places.get(id);
      if (!own) {
        own = { kept: 0 };
        places.set(id, own);
      }
      const isKept = own.kept < mostOfPlace && matches.length < mostOfAll;
      const which = isOften(original) ? 'oftenRest' : 'rest';
      const rest = isKept ? undefined : own[which];
      if (rest) {
        rest.originals++;
        rest.times += times;
        return;
      }
      const match = { original, unit, place, times, originals: 1 };
      matches.push(match);
      if (isKept) own.kept++;
      else own[which] = match;
    },
  };
}

/** How many different originals some matches are of. */
export function countOriginals(matches: Iterable<Match>): number {
  const counts = new Map<number, number>();
  for (const { original, originals } of matches) {
    counts.set(original, Math.max(originals, counts.get(original) ?? 0));
  }
  return counts.values().reduce((sum, count) => sum + count, 0);
}
