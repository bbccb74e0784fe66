import type { Client } from 'pg';
import { identifier } from '../../quoting.ts';

/**
 * Marks every row as visible to all. Whoever first reads rows that are not writes to their pages, and so does the first
 * autovacuum: a clone's would all become its own. Done while there is no index yet that would be cleaned up, too.
 */
export async function freezeRows(client: Client, tables: readonly { schema: string; name: string }[]): Promise<void> {
  const names = tables.map(({ schema, name }) => `${identifier(schema)}.${identifier(name)}`);
  if (names.length > 0) await client.query(`VACUUM (FREEZE) ${names.join(', ')}`);
}
