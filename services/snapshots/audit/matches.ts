import { setImmediate } from 'node:timers/promises';
import { candidateWords } from './candidates.ts';
import { originalWords } from './keeper.ts';

/** An original of a unit that stands in a place. */
export interface Match {
  /** 53 bits of the hash: tells matches apart. */
  original: number;
  unit: number;
  place: number;
  times: number;
}

/**
 * Finds the candidates that are originals: passes all originals by the candidates, so that originals need no index and
 * may be in a file. Lets other work go on in between.
 */
export async function matchesOf(
  candidates: Uint32Array,
  pieces: Iterable<Uint32Array>,
  signal: AbortSignal,
): Promise<Match[]> {
  const count = candidates.length / candidateWords;
  const slots = 2 ** Math.ceil(Math.log2(Math.max(2, count * 2)));
  const heads = new Int32Array(slots).fill(-1);
  const next = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    const slot = candidates[index * candidateWords + 1]! & (slots - 1);
    next[index] = heads[slot]!;
    heads[slot] = index;
  }
  const matches: Match[] = [];
  const seen = new Set<string>();
  for (const piece of pieces) {
    signal.throwIfAborted();
    for (let at = 0; at < piece.length; at += originalWords) {
      const low = piece[at + 1]!;
      for (let index = heads[low & (slots - 1)]!; index >= 0; index = next[index]!) {
        const cell = index * candidateWords;
        if (candidates[cell + 1] !== low || candidates[cell] !== piece[at]) continue;
        const unit = piece[at + 2]!;
        // Threads do not know of each other's originals, so that one may come several times.
        const id = `${index} ${unit}`;
        if (seen.has(id)) continue;
        seen.add(id);
        const original = candidates[cell]! * 2 ** 21 + (low >>> 11);
        matches.push({ original, unit, place: candidates[cell + 2]!, times: candidates[cell + 3]! });
      }
    }
    await setImmediate();
  }
  return matches;
}
