import type pg from 'pg';
import { Problem } from '../errors.ts';
import { tableName } from '../masking/catalog.ts';
import { catalogQuery } from './catalog.ts';
import { timeoutRemedies } from './errors.ts';

export const lockNotAvailable = '55P03';

/**
 * A lock was waited for in vain; Postgres does not say on what. What stands in the way is still there as a rule, so it is
 * asked now, by the session itself, whose transaction is given up for that.
 */
export async function lockProblem(client: pg.Client, said: string, server: string): Promise<Problem> {
  const relations = await client
    .query('ROLLBACK')
    .then(() => catalogQuery<{ schema: string; name: string }>(client, 'locked'))
    // It is over, or the lock is on what would be asked.
    .catch(() => []);
  const names = relations.map(tableName);
  const on = names.length > 0 ? `; others hold a lock on ${names.join(', ')}, or are about to` : '';
  return new Problem('source-refused', `${said}${on}`, {
    where: names.length === 1 ? names[0]! : server,
    remedy: timeoutRemedies[lockNotAvailable]!,
  });
}
