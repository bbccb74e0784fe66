import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, Problem } from '../../errors.ts';

/**
 * Records of a few numbers that begin with a hash's high half: in memory up to a bound, beyond it in a file without a
 * name, parted by the hash's first bits, so that what is equal is in the same part of two such collections.
 */
export interface Records {
  /** @throws Problem `capture-failed` when the file cannot be written */
  add(records: Uint32Array<ArrayBuffer>): void;
  readonly count: number;
  /** Written to the file. */
  readonly spilledBytes: number;
  /** Whether they are parted: none is until there is no room in memory, or `part` is called. */
  readonly areParted: boolean;
  part(): void;
  countIn(part: number): number;
  /** All of them in pieces; the same array may be given again with other content. */
  pieces(): Generator<Uint32Array>;
  /** Those of one part, once they are parted. */
  piecesIn(part: number): Generator<Uint32Array>;
  close(): void;
}

const partBits = 8;
/** A billion records are four million a part. */
export const parts = 1 << partBits;
/** What a part gathers in memory before it is written: 8 MB for all parts. Single reads of less take longer from a disk. */
const extentBytes = 32 << 10;

/** @param words numbers in a record */
export function createRecords(words: number, memoryBytes: number): Records {
  const extentWords = Math.floor(extentBytes / 4 / words) * words;
  let inMemory: Uint32Array[] = [];
  let bytes = 0;
  let count = 0;
  let file: number | undefined;
  /** Of each part: what is not written yet, and how much of it there is. */
  let tails: Uint32Array | undefined;
  const filled = new Int32Array(parts);
  /** Of each part: which extents of the file are its own. */
  const written: number[][] = Array.from({ length: parts }, () => []);
  let extents = 0;
  const extent = new Uint32Array(extentWords);

  const failing = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw new Problem('capture-failed', `The audit's hashes could not be written: ${messageOf(error)}`, {
        where: tmpdir(),
        remedy: 'Make room in this folder, or set TMPDIR to another.',
      });
    }
  };

  const tailOf = (part: number) => tails!.subarray(part * extentWords, part * extentWords + filled[part]!);

  const write = (part: number) => {
    const from = tailOf(part);
    const offset = extents * from.byteLength;
    for (let at = 0; at < from.byteLength; ) at += writeSync(file!, from, at, from.byteLength - at, offset + at);
    written[part]!.push(extents++);
    filled[part] = 0;
  };

  const distribute = (records: Uint32Array) => {
    for (let at = 0; at < records.length; at += words) {
      const part = records[at]! >>> (32 - partBits);
      let to = part * extentWords + filled[part]!;
      for (let word = 0; word < words; word++) tails![to++] = records[at + word]!;
      filled[part]! += words;
      if (filled[part] === extentWords) failing(() => write(part));
    }
  };

  const part = () => {
    if (tails) return;
    file = failing(openUnlinked);
    tails = new Uint32Array(parts * extentWords);
    for (const piece of inMemory) distribute(piece);
    inMemory = [];
  };

  const readExtent = (index: number): Uint32Array => {
    for (let at = 0; at < extent.byteLength; ) {
      const got = readSync(file!, extent, at, extent.byteLength - at, index * extent.byteLength + at);
      if (got === 0) throw new Error('The file of hashes is shorter than what was written to it');
      at += got;
    }
    return extent;
  };

  return {
    add: (records) => {
      count += records.length / words;
      bytes += records.byteLength;
      if (bytes > memoryBytes) part();
      if (tails) distribute(records);
      else inMemory.push(records);
    },
    get count() {
      return count;
    },
    get spilledBytes() {
      return extents * extent.byteLength;
    },
    get areParted() {
      return tails !== undefined;
    },
    part,
    countIn: (part) => (written[part]!.length * extentWords + filled[part]!) / words,
    *pieces() {
      yield* inMemory;
      for (let index = 0; index < extents; index++) yield readExtent(index);
      if (tails) for (let part = 0; part < parts; part++) yield tailOf(part);
    },
    *piecesIn(part) {
      for (const index of written[part]!) yield readExtent(index);
      yield tailOf(part);
    },
    close: () => {
      inMemory = [];
      tails = undefined;
      filled.fill(0);
      extents = 0;
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

/** Its name is gone before anything is in it, so that not even `kill -9` leaves it behind. */
function openUnlinked(): number {
  const path = join(tmpdir(), `greenroom-audit-${randomBytes(8).toString('hex')}`);
  const file = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return file;
}
