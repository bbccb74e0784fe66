/**
 * About how many different values there were, from their hashes, in 4 kB: HyperLogLog with 2¹² registers (Flajolet et
 * al. 2007), off by 1.6 % in the mean; by less below ten thousand, where empty registers are counted.
 */
const registerBits = 12;
const registers = 1 << registerBits;
/** Of 32 bits that are all zero. */
const maxRank = 33;

export function createDistinct(): Uint8Array {
  return new Uint8Array(registers);
}

export function addDistinct(seen: Uint8Array, high: number, low: number): void {
  const register = high >>> (32 - registerBits);
  const rank = Math.clz32(low) + 1;
  if (rank > seen[register]!) seen[register] = rank;
}

export function mergeDistinct(into: Uint8Array, from: Uint8Array): void {
  for (let index = 0; index < registers; index++) if (from[index]! > into[index]!) into[index] = from[index]!;
}

export function countDistinct(seen: Uint8Array): number {
  const ofRank = new Int32Array(maxRank + 1);
  for (let index = 0; index < registers; index++) ofRank[seen[index]!]!++;
  const sum = ofRank.reduce((before, count, rank) => before + count * 2 ** -rank, 0);
  const empty = ofRank[0]!;
  const estimate = ((0.7213 / (1 + 1.079 / registers)) * registers * registers) / sum;
  return Math.round(estimate <= 2.5 * registers && empty > 0 ? registers * Math.log(registers / empty) : estimate);
}
