import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Pack, pack } from 'tar-stream';
import { messageOf, Problem } from '../../errors.ts';
import { dumpDamaged, dumpInvalid } from './errors.ts';

/** As pg_dump names them, in a folder or not. */
const fileName = /^(?:\.\/)?(?:(?!\.\.?\/)[^/]+\/)?([A-Za-z0-9_][A-Za-z0-9_.-]*)$/;

/** Packs the files of a tar archive anew, names without folder: nothing but plain files gets through. */
export async function* repack(archive: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const packed = pack();
  const filled = fill(archive, packed);
  filled.then(
    () => packed.finalize(),
    (error) => packed.destroy(error),
  );
  try {
    yield* packed as unknown as AsyncIterable<Buffer>;
  } catch (error) {
    // What filled it knows better.
    await filled;
    throw error;
  }
}

async function fill(archive: AsyncIterable<Buffer>, packed: Pack): Promise<void> {
  const entries = extract();
  const feeding = pipeline(Readable.from(archive, { objectMode: false }), entries);
  feeding.catch(() => {});
  const seen = new Set<string>();
  try {
    for await (const entry of entries) {
      const { name, type, size = 0 } = entry.header;
      if (type === 'directory' && !name.split('/').includes('..')) {
        entry.resume();
        continue;
      }
      const [, file] = fileName.exec(name) ?? [];
      if (type !== 'file' || file === undefined || seen.has(file)) throw stranger(name, type);
      seen.add(file);
      await pipeline(entry, packed.entry({ name: file, size, mode: 0o600 }));
    }
    await feeding;
  } catch (error) {
    entries.destroy();
    if (error instanceof Problem) throw error;
    throw await feeding.then(
      () => dumpDamaged(`its tar archive cannot be read: ${messageOf(error)}`),
      // What fed it knows better.
      (cause) =>
        cause instanceof Problem ? cause : dumpDamaged(`its tar archive cannot be read: ${messageOf(error)}`),
    );
  }
  if (!seen.has('toc.dat'))
    throw dumpInvalid(
      'it is a tar archive without the file toc.dat',
      'Make it with pg_dump --format=directory, then tar its folder.',
    );
}

function stranger(name: string, type: string | null | undefined): Error {
  const what = type === 'file' ? 'is no file of pg_dump’s, or comes twice' : `is a ${type}, not a file`;
  return dumpInvalid(
    `${name} in its tar archive ${what}`,
    'Send nothing but the files of the folder that pg_dump --format=directory made: tar -C FOLDER -cf - .',
    name,
  );
}
