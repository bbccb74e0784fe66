import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf, Problem } from '../../errors.ts';
import { repack } from './directory.ts';
import { dumpDamaged, makeAgain } from './errors.ts';
import { type DumpFormat, formatOf, headBytes } from './format.ts';
import { fillRoom, type RoomSpec, removeRoom } from './room.ts';

/** A dump that lies in its room. */
export interface Received {
  format: DumpFormat;
  /** As it was sent. */
  sizeBytes: number;
  sha256: string;
  receivedAt: string;
}

/**
 * Takes a dump in, from memory to memory. gzip and zstd around it are taken off, so that what lies there can be read at
 * any place.
 * @param sha256 is what it should be, where that is known.
 * @throws Problem `dump-invalid`, `too-large`; the room is gone then
 */
export async function receiveDump(spec: RoomSpec, content: AsyncIterable<Buffer>, sha256?: string): Promise<Received> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let failure: unknown;
  const measured = (async function* () {
    try {
      for await (const chunk of content) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      failure = error;
      throw error;
    }
  })();
  try {
    const { format, chunks } = await unpack(measured);
    const bounded = keepWithin(chunks, spec.limitBytes);
    const [kind, bytes] =
      format === 'directory' ? (['directory', repack(bounded)] as const) : (['file', bounded] as const);
    await fillRoom(spec, kind, Readable.from(bytes, { objectMode: false }));
    // What follows the end of an archive counts for the checksum.
    for await (const _ of measured);
    const digest = hash.digest('hex');
    if (sha256 !== undefined && sha256 !== digest) {
      throw new Problem('dump-invalid', 'The dump is damaged: its SHA-256 is not what it should be', {
        where: digest,
        remedy: makeAgain,
      });
    }
    return { format, sizeBytes, sha256: digest, receivedAt: new Date().toISOString() };
  } catch (error) {
    await removeRoom(spec);
    throw failure ?? error;
  }
}

type Chunks = AsyncGenerator<Buffer, void>;

async function unpack(content: Chunks): Promise<{ format: DumpFormat; chunks: Chunks }> {
  let chunks = content;
  // One inside the other, such as a compressed tar of a folder: two are enough for anybody.
  for (let layers = 0; ; layers++) {
    const { head, whole } = await peek(chunks);
    if (head.length < 16) throw dumpDamaged(`it has ${head.length} bytes`);
    const format = formatOf(head);
    if (format !== 'gzip' && format !== 'zstd') return { format, chunks: whole };
    if (layers === 2) throw dumpDamaged('it is compressed three times over');
    chunks = decompress(whole, format);
  }
}

async function* decompress(chunks: Chunks, format: 'gzip' | 'zstd'): Chunks {
  const decompressor = format === 'gzip' ? createGunzip() : createZstdDecompress();
  const stream = pipeline(Readable.from(chunks, { objectMode: false }), decompressor, () => {});
  try {
    yield* stream;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw dumpDamaged(`its ${format} compression cannot be read: ${messageOf(error)}`);
  }
}

/** The first bytes, and all of them. */
async function peek(chunks: Chunks): Promise<{ head: Buffer; whole: Chunks }> {
  let head = Buffer.alloc(0);
  while (head.length < headBytes) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  async function* whole(): Chunks {
    yield head;
    yield* chunks;
  }
  return { head, whole: whole() };
}

async function* keepWithin(chunks: Chunks, limitBytes: number): Chunks {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw tooLarge(limitBytes);
    yield chunk;
  }
}

export function tooLarge(limitBytes: number): Problem {
  return new Problem(
    'too-large',
    `The dump has more than the ${Math.floor(limitBytes / 2 ** 20)} MB that may lie in memory`,
    {
      where: 'GREENROOM_DUMP_MEMORY_MB',
      remedy:
        'Make it with pg_dump --format=custom, which compresses; raise GREENROOM_DUMP_MEMORY_MB where the memory is there; or capture from the server itself.',
    },
  );
}
