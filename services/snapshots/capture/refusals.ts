import type pg from 'pg';
import { DiskFull } from '../../engine/disk.ts';
import { Problem } from '../../errors.ts';
import { tableName } from '../../masking/catalog.ts';
import { catalogQuery, type SourceCatalog } from '../../sources/catalog.ts';
import type { OpenedDump } from '../../sources/dump/open.ts';

/** pg_dump's gzip takes text to a quarter or a sixth; a table takes more than its text, and its indexes come on top. */
const packed = 8;
const plain = 2;

/** What the rows of a dump may need on a disk, by rule of thumb: it says nothing of that. */
export function bytesOfDump({ sizeBytes, report }: Pick<OpenedDump, 'sizeBytes' | 'report'>): number {
  return sizeBytes * (report.format === 'plain' ? plain : packed);
}

/** What the tables that are captured hold: long values are outside of the heap, in TOAST, and indexes are built anew. */
export async function bytesOfTables(source: pg.Client, catalog: SourceCatalog): Promise<number> {
  const oids = catalog.tables.map(({ oid }) => oid);
  const [found] = await catalogQuery<{ totalBytes: number }>(source, 'total-size', [oids]);
  return found!.totalBytes;
}

/** Better not begun than a full disk in the middle, which harms everything else on the engine. */
export function refuseTooLarge(estimate: number, free: number, server: string): void {
  if (estimate <= free) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MB`;
  throw new DiskFull(
    `The tables of ${server} take ${megabytes(estimate)} with their indexes; the disk of the Docker engine is too full for them: ${megabytes(free)} are free`,
  );
}

/** What a login may not see would be missing without a word. */
export function refuseUnreadable(catalog: SourceCatalog, server: string): void {
  const remedy = 'Grant the login SELECT on it, or pg_read_all_data';
  const tables = catalog.tables
    .filter(({ kind, readable, rowSecurity }) => (kind === 'r' || kind === 'p') && (!readable || rowSecurity))
    .map((table) => ({
      where: tableName(table),
      what: table.readable ? 'row security hides rows of it from the login' : 'the login may not SELECT it',
      remedy: table.readable ? 'ALTER ROLE … BYPASSRLS for the login' : remedy,
    }));
  const sequences = catalog.sequences
    .filter(({ readable }) => !readable)
    .map((sequence) => ({ where: tableName(sequence), what: 'is a sequence that the login may not SELECT', remedy }));
  const errors = [...tables, ...sequences];
  if (errors.length === 0) return;
  throw new Problem('source-refused', `The login cannot read everything in ${server}`, {
    where: errors[0]!.where,
    errors,
  });
}
