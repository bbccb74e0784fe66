import { DiskFull, freeBytes } from '../../engine/disk.ts';
import type { Host } from '../../engine/host.ts';
import { Problem } from '../../errors.ts';
import { tableName } from '../../masking/catalog.ts';
import type { SourceCatalog } from '../../sources/catalog.ts';

/** Better not begun than a full disk in the middle, which harms everything else on the engine. */
export async function refuseTooLarge(host: Host, estimate: number, server: string): Promise<void> {
  const free = await freeBytes(host);
  if (estimate <= free) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MB`;
  throw new DiskFull(
    `The tables of ${server} hold ${megabytes(estimate)}; the disk of the Docker engine is too full for them: ${megabytes(free)} are free`,
  );
}

/** What a login may not see would be missing without a word. */
export function refuseUnreadable(catalog: SourceCatalog, server: string): void {
  const errors = catalog.tables
    .filter(({ kind, readable, rowSecurity }) => (kind === 'r' || kind === 'p') && (!readable || rowSecurity))
    .map((table) => ({
      where: tableName(table),
      what: table.readable ? 'row security hides rows of it from the login' : 'the login may not SELECT it',
      remedy: table.readable
        ? 'ALTER ROLE … BYPASSRLS for the login'
        : 'Grant the login SELECT on it, or pg_read_all_data',
    }));
  if (errors.length === 0) return;
  throw new Problem('source-refused', `The login cannot read everything in ${server}`, {
    where: errors[0]!.where,
    errors,
  });
}
