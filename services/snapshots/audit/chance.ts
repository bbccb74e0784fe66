/** What happens less often than this, of its kind, is no chance: once in a million captures. */
const rare = 1e-6;

/** How many times something that is expected `mean` times happens at most by chance (the tail of Poisson's distribution). */
export function mostByChance(mean: number): number {
  // The normal distribution is near enough by then: five standard deviations.
  if (mean > 500) return Math.ceil(mean + 5 * Math.sqrt(mean));
  let term = Math.exp(-mean);
  let tail = 1 - term;
  // For small means 1 - e^-mean loses its digits.
  if (mean < 1e-4) tail = mean;
  let count = 0;
  while (tail > rare) {
    count++;
    term *= mean / count;
    tail = count === 1 && mean < 1e-4 ? (mean * mean) / 2 : tail - term;
  }
  return count;
}
