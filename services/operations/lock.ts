import pg from 'pg';
import { databaseProblem } from '../database/away.ts';
import { alive } from '../database/open.ts';
import { LockLost } from './handover.ts';

/**
 * Runs `work` while this process alone works on `subject`. The lock is a session's: it goes with the connection, so
 * no kill can leave it behind, and `work` is aborted when the connection is lost.
 *
 * A lock of one's own is needed because cancelling a pg-boss job frees its singleton key while the handler still runs.
 *
 * @param onWait is called once, where somebody else holds it.
 * @throws DatabaseAway, the signal's reason while it waits, or what `work` throws
 */
export async function withSubjectLock<T>(
  config: pg.ClientConfig,
  subject: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  onWait = () => {},
): Promise<T> {
  const client = new pg.Client({ ...config, ...alive, application_name: 'greenroom lock' });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(new LockLost('The lock was lost with its connection', { cause: error })));
  const away = (error: unknown) => {
    throw databaseProblem(error);
  };
  await client.connect().catch(away);
  try {
    for (let tries = 0; !(await tryLock(client, subject).catch(away)); tries++) {
      signal.throwIfAborted();
      if (tries === 0) onWait();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return await work(AbortSignal.any([signal, lost.signal])).catch((error) => {
      // Whatever was stopped by it says otherwise.
      throw lost.signal.aborted ? lost.signal.reason : error;
    });
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
