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

/** Connects to greenroom's database, waits for one that is starting, and brings its tables up to date. */
export async function openDatabase(config: pg.ClientConfig, onError: (error: Error) => void): Promise<OpenDatabase> {
  const pool = new pg.Pool({
    ...config,
    ...alive,
    max: 20,
    application_name: 'greenroom',
    connectionTimeoutMillis: 10_000,
  });
  pool.on('error', onError);
  // A connection that breaks while a transaction has it tells so by an event, too; unheard, it would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  try {
    await waitUntilItAnswers(pool, 60_000);
    await migrate(pool);
    return { pool, config, installation: await installationId(pool) };
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function waitUntilItAnswers(pool: pg.Pool, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      await pool.query('SELECT');
      return;
    } catch (error) {
      // 28…: wrong password or user, 3D000: no such database. Waiting does not mend those.
      const code = (error as { code?: string }).code ?? '';
      if (code.startsWith('28') || code === '3D000' || Date.now() > deadline) {
        throw new Error(`greenroom's own database does not let it in: ${messageOf(error)}`, { cause: error });
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
