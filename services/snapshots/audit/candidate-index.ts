import { candidateWords } from './candidates.ts';

/** Candidates by their hash, each place of a hash once, in typed arrays that grow. */
export interface CandidateIndex {
  readonly count: number;
  add(high: number, low: number, place: number, times: number): void;
  /** The first with the hash, or -1. */
  first(high: number, low: number): number;
  /** The next with the same hash as that one, or -1. */
  next(index: number): number;
  place(index: number): number;
  times(index: number): number;
  clear(): void;
}

const leastSlots = 1 << 12;

export function createCandidateIndex(): CandidateIndex {
  let slots = leastSlots;
  let heads = new Int32Array(slots).fill(-1);
  let links = new Int32Array(slots / 2);
  let cells = new Uint32Array((slots / 2) * candidateWords);
  let mask = slots - 1;
  let count = 0;

  const link = (index: number) => {
    const slot = cells[index * candidateWords + 1]! & mask;
    links[index] = heads[slot]!;
    heads[slot] = index;
  };
  const grow = () => {
    slots *= 2;
    mask = slots - 1;
    const [fewerLinks, fewerCells] = [links, cells];
    links = new Int32Array(slots / 2);
    cells = new Uint32Array((slots / 2) * candidateWords);
    links.set(fewerLinks);
    cells.set(fewerCells);
    heads = new Int32Array(slots).fill(-1);
    for (let index = 0; index < count; index++) link(index);
  };
  const from = (start: number, high: number, low: number): number => {
    let index = start;
    while (index >= 0 && (cells[index * candidateWords] !== high || cells[index * candidateWords + 1] !== low))
      index = links[index]!;
    return index;
  };
  const first = (high: number, low: number) => {
    const head = heads[low & mask]!;
    // Most originals stand nowhere.
    return head < 0 ? -1 : from(head, high, low);
  };
  const next = (index: number) =>
    from(links[index]!, cells[index * candidateWords]!, cells[index * candidateWords + 1]!);

  return {
    get count() {
      return count;
    },
    add: (high, low, place, times) => {
      for (let index = first(high, low); index >= 0; index = next(index)) {
        const at = index * candidateWords;
        if (cells[at + 2] !== place) continue;
        cells[at + 3] = cells[at + 3]! + times;
        return;
      }
      if (count === links.length) grow();
      cells.set([high, low, place, times], count * candidateWords);
      link(count++);
    },
    first,
    next,
    place: (index) => cells[index * candidateWords + 2]!,
    times: (index) => cells[index * candidateWords + 3]!,
    clear: () => {
      heads.fill(-1);
      count = 0;
    },
  };
}
