import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, Problem } from '../../errors.ts';
import { originalWords } from './keeper.ts';

/** The hashes of all originals: in memory up to a bound, beyond it in a file without a name. */
export interface Originals {
  /** @throws Problem `capture-failed` when the file cannot be written */
  add(originals: Uint32Array<ArrayBuffer>): void;
  readonly count: number;
  readonly spilledBytes: number;
  /** All of them, in pieces; the same array may be given again with other content. */
  pieces(): Generator<Uint32Array>;
  close(): void;
}

/** Five million hashes and their columns. */
const originalsInMemoryBytes = 64 << 20;
const pieceBytes = 768 << 10;

export function createOriginals(memoryBytes = originalsInMemoryBytes): Originals {
  let inMemory: Uint32Array[] = [];
  let bytes = 0;
  let spilledBytes = 0;
  let count = 0;
  let file: number | undefined;

  const spill = (piece: Uint32Array) => {
    try {
      file ??= openUnlinked();
      for (let at = 0; at < piece.byteLength; )
        at += writeSync(file, piece, at, piece.byteLength - at, spilledBytes + at);
    } catch (error) {
      throw new Problem('capture-failed', `The audit's hashes could not be written: ${messageOf(error)}`, {
        where: tmpdir(),
        remedy: 'Make room in this folder, or set TMPDIR to another.',
      });
    }
    spilledBytes += piece.byteLength;
  };

  return {
    add: (originals) => {
      count += originals.length / originalWords;
      if (bytes + originals.byteLength > memoryBytes) return spill(originals);
      bytes += originals.byteLength;
      inMemory.push(originals);
    },
    get count() {
      return count;
    },
    get spilledBytes() {
      return spilledBytes;
    },
    *pieces() {
      yield* inMemory;
      const piece = new Uint32Array(pieceBytes / 4);
      for (let at = 0; at < spilledBytes; ) {
        const length = Math.min(pieceBytes, spilledBytes - at);
        let read = 0;
        while (read < length) {
          const got = readSync(file!, piece, read, length - read, at + read);
          if (got === 0) throw new Error('The file of hashes is shorter than what was written to it');
          read += got;
        }
        yield piece.subarray(0, length / 4);
        at += length;
      }
    },
    close: () => {
      inMemory = [];
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
