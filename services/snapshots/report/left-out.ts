import type pg from 'pg';
import type { MaskingReport } from '../../../openapi/aliases.ts';
import { catalogQuery } from '../../sources/catalog.ts';

export type LeftOut = NonNullable<MaskingReport['leftOut']>;

const text = 'they may be about people, and nothing runs by them';
const way = 'they lead back into production, or hold a password for that';

/** By the columns of sql/catalog/left-out.sql; what is left out is decided in capture/schema.ts. */
const reasons: Record<string, [what: string, why: string]> = {
  comments: ['comments', text],
  security_labels: ['security labels', text],
  large_objects: ['large objects', 'their content cannot be classified'],
  servers: ['foreign servers', way],
  wrappers: ['foreign data wrappers', way],
  user_mappings: ['user mappings', way],
  foreign_tables: ['foreign tables', way],
  publications: ['publications', way],
  subscriptions: ['subscriptions', way],
  extension_tables: [
    'tables of extensions with their rows',
    'no rule of a policy is for them; they are as CREATE EXTENSION makes them, and the warnings name them',
  ],
  event_triggers: ['event triggers', 'they act on whatever is done in a staging stack'],
};

/** What the source has and its snapshot will not have. */
export async function readLeftOut(source: pg.Client, isDump: boolean): Promise<LeftOut> {
  const [counts] = await catalogQuery<Record<string, number>>(source, 'left-out');
  return Object.entries(reasons).flatMap(([name, [what, why]]) => {
    const count = counts![name]!;
    // The server with a dump's schema has what CREATE EXTENSION made there.
    return count > 0 && !(isDump && name === 'extension_tables') ? [{ what, count, why }] : [];
  });
}
