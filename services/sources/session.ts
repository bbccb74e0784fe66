import type pg from 'pg';
import { type SourceAddress, serverOf } from './address.ts';
import { closeSource, openSource } from './connect.ts';
import { sourceProblem } from './errors.ts';
import { openLine } from './line.ts';

/** What a catalog or a few facts take at most. */
export const quickMs = 10_000;

/**
 * Reads a source in one transaction that sees one moment and can write nothing, and leaves it. A statement takes no
 * longer than `statementTimeoutMs`, or than the source's own limit where that is shorter.
 *
 * @throws Problem `source-unreachable`, `source-refused`, or what `work` throws
 */
export async function inReadOnlyTransaction<T>(
  address: SourceAddress,
  statementTimeoutMs: number,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const own = address.limits?.statementTimeoutMs || statementTimeoutMs;
  const line = await openLine(address);
  try {
    const client = await openSource(address, line);
    try {
      await client.query(`SET statement_timeout = ${Math.min(own, statementTimeoutMs)}`);
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } finally {
      await closeSource(client);
    }
  } catch (error) {
    throw line.broken.aborted ? line.broken.reason : sourceProblem(error, serverOf(address));
  } finally {
    await line.close();
  }
}
