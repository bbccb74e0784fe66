import type { Client } from 'pg';
import { catalogQuery } from '../../sources/catalog.ts';
import { onTarget, type Target } from './target.ts';

/** Analyzes every table, in so many sessions: what it costs is comparing sampled text, which one session does on one core. */
export async function analyze(target: Target, database: string, sessions: number): Promise<void> {
  const waiting = await onTarget(target, database, (client) => catalogQuery<{ name: string }>(client, 'to-analyze'));
  const work = async (client: Client) => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await client.query(`ANALYZE ${next.name}`);
  };
  await Promise.all(Array.from({ length: sessions }, () => onTarget(target, database, work)));
}
