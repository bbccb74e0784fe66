import pg from 'pg';
import { messageOf } from '../errors.ts';
import { migrate } from './migrate.ts';

export interface OpenDatabase {
  pool: pg.Pool;
  /** For connections of their own: locks, LISTEN, the job queue. */
  config: pg.ClientConfig;
  /** Who this is: random, made once in a database. */
  installation: string;
}

/** A connection whose other end has gone without a word is noticed in minutes, not in the two hours of the system's default. */
export const alive = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

/**
 * Connects to greenroom's database, waits a minute for one that is starting, and brings its tables up to date.
 * @param onError is told of connections that break, and every ten seconds that it still waits and why
 */
export async function openDatabase(
  config: pg.ClientConfig,
  concurrency: number,
  onError: (error: Error) => void,
): Promise<OpenDatabase> {
  const pool = new pg.Pool({
    ...config,
    ...alive,
    max: 20 + 2 * concurrency,
    application_name: 'greenroom',
    connectionTimeoutMillis: 10_000,
  });
  pool.on('error', onError);
  // A connection that breaks while a transaction has it tells so by an event, too; unheard, it would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  try {
    await waitUntilItAnswers(pool, 60_000, onError);
    await migrate(pool);
    return { pool, config, installation: await installationId(pool) };
  } catch (error) {
    await pool.end();
    throw error;
  }
}

const toldEveryMs = 10_000;

/** @throws Error when it lets nobody in, or cannot be reached for so long */
export async function waitUntilItAnswers(
  pool: pg.Pool,
  timeoutMs: number,
  onWait: (why: Error) => void,
): Promise<void> {
  const startedAt = Date.now();
  for (let toldAt = Number.NEGATIVE_INFINITY; ; ) {
    try {
      await pool.query('SELECT');
      return;
    } catch (error) {
      // 28…: wrong password or user, 3D000: no such database. Waiting does not mend those.
      const { code = '' } = error as { code?: string };
      const said = (what: string) =>
        new Error(`greenroom's own database ${what}: ${messageOf(error)}`, { cause: error });
      if (code.startsWith('28') || code === '3D000') throw said('does not let it in');
      if (Date.now() - startedAt > timeoutMs) throw said('cannot be reached');
      if (Date.now() - toldAt >= toldEveryMs) {
        toldAt = Date.now();
        onWait(said('cannot be reached yet; it is waited for'));
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function installationId(pool: pg.Pool): Promise<string> {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const random = Array.from({ length: 6 }, () => letters[Math.floor(Math.random() * letters.length)]).join('');
  await pool.query('INSERT INTO installation (id) VALUES ($1) ON CONFLICT DO NOTHING', [random]);
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM installation');
  return rows[0]!.id;
}
