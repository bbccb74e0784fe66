import { randomBytes } from 'node:crypto';
import { addressOf } from '../../engine/dial.ts';
import { exec } from '../../engine/exec.ts';
import { Problem } from '../../errors.ts';
import { createDatabase } from '../../snapshots/capture/create-database.ts';
import { connectTarget, type Target } from '../../snapshots/capture/target.ts';
import type { ServerFacts } from '../catalog.ts';
import type { Contents } from './contents.ts';
import { restoreSchema } from './restore-schema.ts';
import { dataPath, type RoomSpec } from './room.ts';

const settings = {
  listen_addresses: '*',
  unix_socket_directories: '/tmp',
  fsync: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
  shared_buffers: '32MB',
  lc_messages: 'C',
  log_min_messages: 'fatal',
  log_min_error_statement: 'panic',
};

/** Safe to repeat: what a broken-off attempt left is replaced. */
const start = `umask 077
pg_ctl -D ${dataPath} -m immediate -w stop >/dev/null 2>&1; rm -rf ${dataPath}
printf %s "$password" >/tmp/password && initdb -D ${dataPath} -U "$1" --pwfile=/tmp/password -A scram-sha-256 --no-sync $2 >/dev/null || exit 1
rm /tmp/password
echo 'host all all all scram-sha-256' >>${dataPath}/pg_hba.conf
exec pg_ctl -D ${dataPath} -w -s -l /dev/null -o "$3" start`;

export interface SchemaServer {
  url: string;
  /** Whom it says in place of the stack's superuser. */
  superuser: string;
  /** What of the database could not be had as it was. */
  warnings: string[];
}

/**
 * Starts a server in the dump's room that holds the dump's schema, all of it, and no rows: a capture reads it as if it
 * were production. What a hostile dump defines runs there as no superuser, and can reach nothing but the dump itself.
 *
 * @throws Problem `dump-invalid` naming the statement, `image-unavailable`
 */
export async function startSchemaServer(
  room: RoomSpec & { superuser: string; initdbArgs: string | undefined; database: string },
  { statements, locale }: Contents,
  signal: AbortSignal,
): Promise<SchemaServer> {
  // One that no dump can name: what it gives to the stack's superuser goes to a role that is none here.
  const superuser = `greenroom_${randomBytes(8).toString('hex')}`;
  const password = randomBytes(24).toString('hex');
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const { exitCode, stderr } = await exec(room.host, room.container, {
    command: ['sh', '-c', start, 'sh', superuser, room.initdbArgs ?? '', options.join(' ')],
    environment: { password },
    signal,
  });
  if (exitCode !== 0) {
    throw new Problem(
      'capture-failed',
      `No Postgres for the dump's schema could be started: ${stderr.trim().slice(-300)}`,
      {
        where: room.image,
        remedy: 'Check that the image of the project’s database service is a stock Postgres image.',
      },
    );
  }
  const address = await addressOf(room.host, room.container);
  const target = { login: { user: superuser, password, host: address, port: 5432 } };
  const warnings = await createDatabase(target, room.database, (locale ?? (await ownLocale(target))) as ServerFacts);
  await restoreSchema(target, { database: room.database, restorer: room.superuser }, statements, signal);
  const url = `postgres://${superuser}:${password}@${address}:5432/${encodeURIComponent(room.database)}`;
  return { url, superuser, warnings };
}

async function ownLocale(target: Pick<Target, 'login'>): Promise<Pick<ServerFacts, 'encoding' | 'collate' | 'ctype'>> {
  const client = await connectTarget(target, 'postgres');
  try {
    const { rows } = await client.query(
      `SELECT 'UTF8' AS encoding, datcollate AS collate, datctype AS ctype FROM pg_catalog.pg_database WHERE datname = 'template0'`,
    );
    return rows[0];
  } finally {
    await client.end();
  }
}
