import pg from 'pg';
import { alive } from '../database/open.ts';

/** The connection that holds a lock broke: someone else may hold it now, so nothing more may be done here, not even undone. */
export class LockLost extends Error {}

/**
 * Runs `work` while this process alone works on `subject`. The lock is a session's: it goes with the connection, so
 * no kill can leave it behind, and `work` is aborted when the connection is lost.
 *
 * A lock of one's own is needed because cancelling a pg-boss job frees its singleton key while the handler still runs.
 */
export async function withSubjectLock<T>(
  config: pg.ClientConfig,
  subject: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ ...config, ...alive, application_name: 'greenroom lock' });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(new LockLost('The lock was lost with its connection', { cause: error })));
  await client.connect();
  try {
    while (!(await tryLock(client, subject))) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    await client.end().catch(() => {});
  }
}

async function tryLock(client: pg.Client, subject: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `SELECT pg_try_advisory_lock(hashtextextended('greenroom.subject:' || $1, 0)) AS locked`,
    [subject],
  );
  return rows[0]!.locked;
}
