import type { Scan } from './observed.ts';
import { parseJson } from './told.ts';

/** A line of jsonlog, as far as it is read: https://www.postgresql.org/docs/17/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-JSONLOG */
export interface LogLine {
  timestamp: string;
  pid: number;
  error_severity: string;
  message: string;
  detail?: string;
  state_code?: string;
  statement?: string;
  backend_type?: string;
  remote_host?: string;
  dbname?: string;
  /** As text: JSON's numbers have not its 64 bits. */
  queryId?: string;
}

export function parseLine(text: string): LogLine | undefined {
  const line = parseJson(text) as LogLine | undefined;
  // Within a value its quotes would be escaped.
  const id = /,"query_id":(-?\d+)/.exec(text)?.[1];
  return line && id && id !== '0' ? { ...line, queryId: id } : line;
}

export function timeOf({ timestamp }: LogLine): number {
  return Date.parse(
    timestamp
      .replace(' UTC', 'Z')
      .replace(' ', 'T')
      .replace(/ (\w+)$/, ''),
  );
}

/** What the server says of its scans at DEBUG1, as in the expected output of Postgres' own alter_table test. */
export function scanIn(message: string): Omit<Scan, 'sql'> | undefined {
  const verified = /^verifying table "(.*)"$/.exec(message);
  if (verified) return { table: verified[1]!, why: 'to verify its rows' };
  const built = /^building index "(.*)" on table "(.*)" (?:serially|with request for)/.exec(message);
  if (built) return { table: built[2]!, why: 'to build an index', object: built[1]! };
  const referring = /^validating foreign key constraint "(.*)"$/.exec(message);
  return referring ? { table: '', why: 'to verify a foreign key', object: referring[1]! } : undefined;
}
