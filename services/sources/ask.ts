import type pg from 'pg';
import { type SourceAddress, serverOf } from './address.ts';
import { closeSource, openSource } from './connect.ts';
import { sourceProblem } from './errors.ts';
import { openLine } from './line.ts';

/**
 * Asks a source something that is answered within seconds, read only and at one moment.
 * @throws Problem `source-unreachable`, `source-refused`
 */
export async function askSource<Answer>(
  address: SourceAddress,
  ask: (client: pg.Client) => Promise<Answer>,
): Promise<Answer> {
  const line = await openLine(address);
  try {
    const client = await openSource(address, line);
    try {
      await client.query(`SET statement_timeout = '10s'`);
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const answer = await ask(client);
      await client.query('COMMIT');
      return answer;
    } finally {
      await closeSource(client);
    }
  } catch (error) {
    throw line.broken.aborted ? line.broken.reason : sourceProblem(error, serverOf(address));
  } finally {
    await line.close();
  }
}
