import type pg from 'pg';
import { databaseProblem } from './away.ts';

/** Runs `work` in one transaction: all of it or nothing. @throws DatabaseAway, or what `work` throws */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const told = (error: unknown) => {
    throw databaseProblem(error);
  };
  const client = await pool.connect().catch(told);
  try {
    await client.query('BEGIN').catch(told);
    const result = await work(client);
    await client.query('COMMIT').catch(told);
    client.release();
    return result;
  } catch (error) {
    // A connection that cannot even roll back is thrown away.
    await client.query('ROLLBACK').then(
      () => client.release(),
      (broken) => client.release(broken),
    );
    throw error;
  }
}
