import type pg from 'pg';
import { type SourceAddress, serverOf } from './address.ts';
import { closeSource, openSource } from './connect.ts';
import { sourceProblem, withoutValues } from './errors.ts';
import { openLine } from './line.ts';
import { lockNotAvailable, lockProblem } from './locked.ts';

/** What a catalog or a few facts take at most. */
export const quickMs = 10_000;

/**
 * Reads a source in one transaction that sees one moment and can write nothing, and leaves it. A statement takes no
 * longer than `statementTimeoutMs`, or than the source's own limit, or else its login's, where that is shorter.
 *
 * @throws Problem `source-unreachable`, `source-refused`, or what `work` throws
 */
export async function inReadOnlyTransaction<T>(
  address: SourceAddress,
  statementTimeoutMs: number,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const line = await openLine(address);
  try {
    const client = await openSource(address, line);
    try {
      await client.query(`SET statement_timeout = ${Math.min(await ownTimeoutMs(client), statementTimeoutMs)}`);
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      if ((error as { code?: string }).code !== lockNotAvailable) throw error;
      const server = serverOf(address);
      throw await lockProblem(client, `${server} refused: ${withoutValues(error)}`, server);
    } finally {
      await closeSource(client);
    }
  } catch (error) {
    throw line.broken.aborted ? line.broken.reason : sourceProblem(error, serverOf(address));
  } finally {
    await line.close();
  }
}

async function ownTimeoutMs(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ own: number }>(
    "SELECT setting::pg_catalog.int4 AS own FROM pg_catalog.pg_settings WHERE name = 'statement_timeout'",
  );
  return rows[0]!.own || Number.POSITIVE_INFINITY;
}
