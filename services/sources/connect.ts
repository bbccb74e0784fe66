import type net from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { Problem } from '../errors.ts';
import { type SourceAddress, serverOf } from './address.ts';
import { sourceProblem } from './errors.ts';
import { connectTimeoutMs, type Line } from './line.ts';
import { secure } from './tls.ts';

export const defaultLockTimeoutMs = 10_000;
/** Generated columns and the functions that tell of partitions are since then. */
const leastMajor = 12;
const invalidParameterValue = '22023';

/** A new connection to a source's server, encrypted where the address asks for it. @throws Problem `source-unreachable`, `source-refused` */
export async function connectSource(address: SourceAddress, line: Line): Promise<Duplex> {
  const stream = await line.connect();
  stream.on('error', () => {});
  try {
    return await secure(stream, address);
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/**
 * The server notices within seconds that nobody is there any more, in the middle of a statement or of a wait for a lock too,
 * and lets go of what the session holds. Each is there since a release of its own.
 */
const noticeLoss = `SELECT pg_catalog.set_config(name, value, false) FROM (VALUES ('client_connection_check_interval', '1000'),
  ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3')) wanted (name, value)
  WHERE name IN (SELECT s.name FROM pg_catalog.pg_settings s)`;

/**
 * Opens a session that can only read. Production is only ever read, so this is the one place where a source is opened.
 * Row security is off: COPY under it silently leaves rows out, with it off it fails instead. The login's own
 * statement_timeout holds where the source has none. A session has one process of the server read, no parallel workers.
 *
 * @throws Problem `source-unreachable`, `source-refused`
 */
export async function openSource(address: SourceAddress, line: Line): Promise<pg.Client> {
  const { lockTimeoutMs = defaultLockTimeoutMs, statementTimeoutMs } = address.limits ?? {};
  const stream = await connectSource(address, line);
  // Encryption is seen to: what the URL says of it is not for the driver.
  const { ssl: _, host: __, port: ___, sslnegotiation: ____, ...login } = parseIntoClientConfig(address.url);
  const client = new pg.Client({
    application_name: 'greenroom',
    connectionTimeoutMillis: connectTimeoutMs,
    ...login,
    ssl: false,
    sslnegotiation: 'postgres',
    stream: () => connected(stream),
  } as pg.ClientConfig);
  client.on('error', () => {});
  try {
    await client.connect();
    await refuseStranger(client, serverOf(address));
    await client.query(
      `SET default_transaction_read_only = on; SET row_security = off; SET lock_timeout = ${lockTimeoutMs};
       SET idle_in_transaction_session_timeout = 0; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres';
       SET extra_float_digits = 3; SET client_encoding = 'UTF8'; SET search_path = ''; SET TimeZone = 'UTC'; SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET xmlbinary = 'base64';
       SET standard_conforming_strings = on; SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0;
       ${statementTimeoutMs ? `SET statement_timeout = ${statementTimeoutMs}` : ''}`,
    );
    await client.query(noticeLoss).catch((error) => {
      // A platform that cannot tell: then it notices when it next writes.
      if (error.code !== invalidParameterValue) throw error;
    });
    return client;
  } catch (error) {
    await closeSource(client);
    throw sourceProblem(error, serverOf(address));
  }
}

/**
 * A pooler lends a server's session to one client after the other: what is set in it, that it can only read above all,
 * would hold for the application's next transaction too. It gives away that it is one by a process id of its own
 * (BackendKeyData, https://www.postgresql.org/docs/17/protocol-message-formats.html), so nothing is set before this.
 * Servers that are too old are refused by name here too, before a query of sql/catalog/ stumbles over what they lack.
 *
 * @throws Problem `source-refused`
 */
async function refuseStranger(client: pg.Client, server: string): Promise<void> {
  const { processID: announced } = client as unknown as { processID: number | null };
  const { rows } = await client.query<{ pid: number; version: string; number: number }>(
    `SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting('server_version') AS version,
       pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS number`,
  );
  const { pid, version, number } = rows[0]!;
  if (number < leastMajor * 10_000) {
    throw new Problem(
      'source-refused',
      `${server} is Postgres ${version}, and greenroom reads ${leastMajor} and later`,
      {
        where: server,
        remedy: 'Upgrade it, or capture from a dump of it.',
      },
    );
  }
  if (pid === announced) return;
  throw new Problem('source-refused', `${server} is a pooler, not the server itself`, {
    where: server,
    remedy:
      'Give the address of the Postgres server itself, not that of PgBouncer, Supavisor, RDS Proxy or the like: in sessions that it shares, the application’s own transactions would become read only.',
  });
}

/** A stream that is connected already, as `pg` takes it: a socket that it tells to connect. */
function connected(stream: Duplex): net.Socket {
  const nothing = () => stream;
  const connect = () => {
    setImmediate(() => stream.emit('connect'));
    return stream;
  };
  return Object.assign(stream, { connect, setNoDelay: nothing, setKeepAlive: nothing }) as unknown as net.Socket;
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
