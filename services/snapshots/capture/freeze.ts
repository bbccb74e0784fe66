import type { Client } from 'pg';
import { identifier } from '../adopt.ts';
import { type CopyTask, comesFrozen } from './copy-table.ts';

/** Whoever first reads rows that are not frozen writes to their pages, and a clone's would all become its own. */
export async function freezeAndAnalyze(client: Client, tasks: CopyTask[]): Promise<void> {
  const names = tasks
    .filter((task) => !comesFrozen(task))
    .map(({ schema, table, into }) => into ?? `${identifier(schema)}.${identifier(table)}`);
  if (names.length > 0) await client.query(`VACUUM (FREEZE) ${[...new Set(names)].join(', ')}`);
  await client.query('ANALYZE');
}
