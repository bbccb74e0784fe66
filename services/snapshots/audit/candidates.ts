/**
 * What looks like an original and where: hashes that passed the filter. Open addressing in typed arrays, because a leak
 * of a whole column gives millions.
 */
export interface Candidates {
  add(high: number, low: number, place: number, times?: number): void;
  /** All of them as `candidateWords` numbers each; none are left. */
  take(): Uint32Array<ArrayBuffer>;
}

/** High and low half of the hash, place, how many times. */
export const candidateWords = 4;

/** @param onFull is given them all before there is no room for more */
export function createCandidates(slots: number, onFull: (taken: Uint32Array<ArrayBuffer>) => void): Candidates {
  const cells = new Uint32Array(slots * candidateWords);
  let size = 0;
  const take = () => {
    const taken = new Uint32Array(size * candidateWords);
    let at = 0;
    for (let from = 0; from < cells.length; from += candidateWords) {
      if (cells[from + 3] === 0) continue;
      taken.set(cells.subarray(from, from + candidateWords), at);
      at += candidateWords;
    }
    cells.fill(0);
    size = 0;
    return taken;
  };
  return {
    add: (ofHigh, ofLow, place, times = 1) => {
      const high = ofHigh >>> 0;
      const low = ofLow >>> 0;
      if (size * 4 >= slots * 3) onFull(take());
      let slot = (low ^ Math.imul(place, 0x9e3779b1)) & (slots - 1);
      for (;;) {
        const at = slot * candidateWords;
        if (cells[at + 3] === 0) {
          cells.set([high, low, place, times], at);
          size++;
          return;
        }
        if (cells[at] === high && cells[at + 1] === low && cells[at + 2] === place) {
          cells[at + 3] = cells[at + 3]! + times;
          return;
        }
        slot = (slot + 1) & (slots - 1);
      }
    },
    take,
  };
}
