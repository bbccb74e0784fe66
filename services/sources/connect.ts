import pg from 'pg';
import { parse } from 'pg-connection-string';
import { sourceProblem } from './errors.ts';

/** How a source is reached. Structured-clonable: worker threads open it too. */
export interface SourceAddress {
  url: string;
}

const connectTimeoutMs = 10_000;

/** host:port, for messages. */
export function serverOf({ url }: SourceAddress): string {
  const { host, port } = parse(url);
  return `${host ?? 'localhost'}:${port || 5432}`;
}

/**
 * Opens a session that can only read. Production is only ever read, so this is the one place where a source is opened.
 * Row security is off: COPY under it silently leaves rows out, with it off it fails instead.
 *
 * @throws Problem `source-unreachable`, `source-refused`
 */
export async function openSource(address: SourceAddress): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: address.url,
    application_name: 'greenroom',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(
      `SET default_transaction_read_only = on; SET row_security = off; SET lock_timeout = '10s'; SET statement_timeout = 0;
       SET idle_in_transaction_session_timeout = 0; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres';
       SET extra_float_digits = 3; SET client_encoding = 'UTF8'; SET search_path = ''; SET TimeZone = 'UTC'; SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET synchronize_seqscans = off`,
    );
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw sourceProblem(error, serverOf(address));
  }
}

/** Whether a session is still there; a transaction that has failed is. */
export async function answers(client: pg.Client): Promise<boolean> {
  try {
    await client.query('SELECT');
    return true;
  } catch (error) {
    const { severity } = error as { severity?: string };
    return severity === 'ERROR';
  }
}

/** Closes a session; one in the middle of a COPY is cut off. */
export async function closeSource(client: pg.Client): Promise<void> {
  const ended = client.end().catch(() => {});
  const late = setTimeout(
    () => (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy(),
    1000,
  );
  await ended;
  clearTimeout(late);
}
