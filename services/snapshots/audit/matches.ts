import { setImmediate } from 'node:timers/promises';
import { type CandidateIndex, createCandidateIndex } from './candidate-index.ts';
import { candidateWords } from './candidates.ts';
import { originalWords } from './keeper.ts';
import { createKept, type Kept, type Match } from './kept-matches.ts';
import type { Phrases } from './phrases.ts';
import { parts, type Records } from './records.ts';

/** So many are indexed at once: 28 MB. */
const mostIndexed = 1 << 20;
/** What is read before other work goes on: about 5 ms. */
const stepBytes = 1 << 20;

/**
 * Finds the candidates that are originals: indexes candidates and passes the originals by them, so that originals need no
 * index and may be in a file. Where the candidates are too many for one index, part by part: each is read once.
 */
export async function matchesOf(
  candidates: Records,
  originals: Records,
  isOften: Phrases['isOften'],
  signal: AbortSignal,
  most = mostIndexed,
): Promise<Match[]> {
  const kept = createKept(isOften);
  const index = createCandidateIndex();
  if (!candidates.areParted && candidates.count <= most) {
    await fill(index, candidates.pieces(), () => true, signal);
    await pass(index, originals.pieces(), kept, signal);
    return kept.matches;
  }
  candidates.part();
  originals.part();
  for (let part = 0; part < parts; part++) {
    // All of one hash come into the same turn, so that each is counted once.
    const turns = Math.ceil(candidates.countIn(part) / most);
    for (let turn = 0; turn < turns; turn++) {
      index.clear();
      await fill(index, candidates.piecesIn(part), (high) => high % turns === turn, signal);
      await pass(index, originals.piecesIn(part), kept, signal);
    }
  }
  return kept.matches;
}

async function fill(
  index: CandidateIndex,
  pieces: Iterable<Uint32Array>,
  isInTurn: (high: number) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for await (const piece of pausing(pieces, signal)) {
    for (let at = 0; at < piece.length; at += candidateWords) {
      if (isInTurn(piece[at]!)) index.add(piece[at]!, piece[at + 1]!, piece[at + 2]!, piece[at + 3]!);
    }
  }
}

async function pass(
  index: CandidateIndex,
  pieces: Iterable<Uint32Array>,
  kept: Kept,
  signal: AbortSignal,
): Promise<void> {
  if (index.count === 0) return;
  const isNew = createSeen(index.count);
  for await (const piece of pausing(pieces, signal)) {
    for (let at = 0; at < piece.length; at += originalWords) {
      const high = piece[at]!;
      const low = piece[at + 1]!;
      const first = index.first(high, low);
      const unit = piece[at + 2]!;
      if (first < 0 || !isNew(first, unit)) continue;
      for (let found = first; found >= 0; found = index.next(found))
        kept.add(high, low, unit, index.place(found), index.times(found));
    }
  }
}

/** Threads do not know of each other's originals, so that one may come several times. */
function createSeen(count: number): (first: number, unit: number) => boolean {
  const heads = new Int32Array(count).fill(-1);
  let units = new Int32Array(1024);
  let links = new Int32Array(1024);
  let size = 0;
  return (first, unit) => {
    for (let node = heads[first]!; node >= 0; node = links[node]!) if (units[node] === unit) return false;
    if (size === units.length) {
      const [fewerUnits, fewerLinks] = [units, links];
      units = new Int32Array(size * 2);
      links = new Int32Array(size * 2);
      units.set(fewerUnits);
      links.set(fewerLinks);
    }
    units[size] = unit;
    links[size] = heads[first]!;
    heads[first] = size++;
    return true;
  };
}

async function* pausing(pieces: Iterable<Uint32Array>, signal: AbortSignal): AsyncGenerator<Uint32Array> {
  let bytes = 0;
  for (const piece of pieces) {
    yield piece;
    bytes += piece.byteLength;
    if (bytes < stepBytes) continue;
    bytes = 0;
    await setImmediate();
    signal.throwIfAborted();
  }
}
