import { messageOf, Problem } from '../errors.ts';

/** greenroom's own database broke the connection or takes none: what was asked of it may be asked again. */
export class DatabaseAway extends Problem {
  constructor(cause: unknown) {
    super('database-away', `greenroom's own database does not answer: ${messageOf(cause)}`, {
      remedy: 'It is tried again by itself; check that the database runs and has disk space.',
      cause,
    });
  }
}

/** SQLSTATE classes 08 connection, 53 resources (connections, disk, memory), 57P shut down, crashed or starting. */
const away = /^(08|53|57P)/;

/** What a failed query becomes: an error without a severity did not come from the server, so the connection broke. */
export function databaseProblem(error: unknown): unknown {
  const { severity, code = '' } = error as { severity?: string; code?: string };
  if (error instanceof DatabaseAway || error instanceof TypeError || error instanceof RangeError) return error;
  return severity === undefined || away.test(code) ? new DatabaseAway(error) : error;
}
