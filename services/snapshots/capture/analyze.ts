import { catalogQuery } from '../../sources/catalog.ts';
import { connectTarget, type Target } from './target.ts';

/** Analyzes every table, in so many sessions: what it costs is comparing sampled text, which one session does on one core. */
export async function analyze(target: Target, database: string, sessions: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: sessions }, () => connectTarget(target, database)));
  try {
    const waiting = await catalogQuery<{ name: string }>(clients[0]!, 'to-analyze');
    await Promise.all(
      clients.map(async (client) => {
        for (let next = waiting.shift(); next; next = waiting.shift()) await client.query(`ANALYZE ${next.name}`);
      }),
    );
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
  }
}
