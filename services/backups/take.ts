import type pg from 'pg';
import { pathInHelper, runInHelper } from '../engine/helper.ts';
import type { Host } from '../engine/host.ts';
import { type CloneMode, cloneVolume, onlyVanished, removeVolume } from '../engine/volumes.ts';
import { Problem } from '../errors.ts';
import { isHandedOver } from '../operations/handover.ts';
import { readRoles } from '../snapshots/roles.ts';
import { withoutValues } from '../sources/errors.ts';
import { type DatabaseContent, readContent, tablesOf } from './content.ts';
import type { Files, Manifest } from './dump/manifest.ts';

export interface TakeOptions {
  host: Host;
  /** To copy the files: the running database's volume, its PGDATA below the volume's root, and the volume that becomes the backup. */
  clone?: { volume: string; dataPath: string; target: string; labels: Record<string, string> };
  /** To dump it: runs while the exported snapshot is open. */
  dump?(exportedSnapshot: string): Promise<Files>;
  /** As superuser, to the database whose content is recorded. */
  connect(): Promise<pg.Client>;
  signal: AbortSignal;
}

export interface Taken {
  content: DatabaseContent;
  /** How long tables could be read but not written. */
  freezeMs: number;
  /** How long it took to read all of it, for what is restored to be compared. */
  readMs: number;
  /** How its files were copied, and up to where WAL was added. */
  clone?: { cloneMode: CloneMode; lsn: string };
  dump?: Manifest;
}

const lockTimeout = '10s';
/** Folders whose content belongs to the running server and not to a copy of it: https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA */
const emptied = ['pg_replslot', 'pg_dynshmem', 'pg_notify', 'pg_serial', 'pg_snapshots', 'pg_stat_tmp', 'pg_subtrans'];

/**
 * Takes a running database as it is at one moment, and records what it holds then: its files are copied by reflink
 * between pg_backup_start and pg_backup_stop, with the label and the WAL that recovery needs; it is dumped; or both.
 * Readers go on; while files are copied tables cannot be written, so that copy and record agree. Killed half way it leaves
 * nothing on the server: all of it is a session's.
 *
 * @throws Problem `backup-failed` saying who writes, or what the server lacks.
 */
export async function takeBackup(options: TakeOptions): Promise<Taken> {
  const { signal } = options;
  const clients: pg.Client[] = [];
  const open = async () => {
    const client = await options.connect();
    clients.push(client);
    return client;
  };
  const abort = () => {
    for (const client of clients) client.end().catch(() => {});
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    const [locker, backup, reader] = [await open(), await open(), await open()];
    // Before the first query, which fixes what the transaction sees.
    await locker.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const copied = options.clone && (await copyFiles(options, options.clone, locker, backup));
    const { rows } = await locker.query('SELECT pg_export_snapshot() AS id');
    let [freezeMs, readingAt] = [0, 0];
    let dump: Taken['dump'];
    const moment = {
      exportedSnapshot: rows[0].id,
      async imported() {
        await locker.query('COMMIT');
        if (copied) freezeMs = Math.round(performance.now() - copied.lockedAt);
        if (options.dump) dump = await dumped(reader, options.dump);
        readingAt = performance.now();
      },
    };
    const content = await readContent(reader, { moment });
    const readMs = Math.round(performance.now() - readingAt);
    return { content, freezeMs, readMs, ...(copied ? { clone: copied.clone } : {}), ...(dump ? { dump } : {}) };
  } catch (error) {
    if (options.clone && !isHandedOver(signal)) await removeVolume(options.host, options.clone.target);
    if (signal.aborted) throw signal.reason;
    if (error instanceof Problem) throw error;
    throw new Problem('backup-failed', `The database could not be backed up: ${withoutValues(error)}`, {
      remedy:
        'A backup of a running database needs wal_level = replica or logical, as is the default, and a superuser.',
      cause: error,
    });
  } finally {
    signal.removeEventListener('abort', abort);
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
  }
}

/** Dumps what a session sees, which goes on to see it. */
async function dumped(reader: pg.Client, dump: NonNullable<TakeOptions['dump']>): Promise<Manifest> {
  const { rows } = await reader.query('SELECT pg_export_snapshot() AS id');
  const roles = await readRoles(reader);
  return { files: await dump(rows[0].id), roles };
}

async function copyFiles(
  { host, signal }: TakeOptions,
  clone: NonNullable<TakeOptions['clone']>,
  locker: pg.Client,
  backup: pg.Client,
): Promise<{ clone: NonNullable<Taken['clone']>; lockedAt: number }> {
  await refuseTablespaces(backup);
  const { rows: versions } = await backup.query(`SELECT current_setting('server_version_num')::int AS version`);
  // With what is dirty written already, the checkpoint that the backup begins with is short.
  await backup.query('CHECKPOINT');
  await lockTables(locker, backup);
  const lockedAt = performance.now();
  await keepWal(backup);
  await startBackup(backup, versions[0].version);
  const { volume, target, labels } = clone;
  const cloneMode = await cloneVolume(host, volume, target, labels, { signal, live: true });
  const { lsn, label } = await stopBackup(backup, versions[0].version);
  await completeCopy(host, clone, label, signal);
  return { clone: { cloneMode, lsn }, lockedAt };
}

async function refuseTablespaces(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT spcname AS name FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')`,
  );
  if (rows.length === 0) return;
  throw new Problem('backup-failed', `The database has a tablespace of its own, ${rows[0]!.name}`, {
    where: rows[0]!.name,
    remedy: 'Only what lies in the data directory can be backed up: move its tables to pg_default and drop it.',
  });
}

/** Nobody writes while the copy is made, so that copy and record agree. @throws Problem naming who does. */
async function lockTables(locker: pg.Client, other: pg.Client): Promise<void> {
  const tables = (await tablesOf(other)).filter(({ kind }) => kind !== 'm').map(({ name }) => name);
  await locker.query(`SET LOCAL lock_timeout = '${lockTimeout}'`);
  try {
    if (tables.length > 0) await locker.query(`LOCK TABLE ${tables.join(', ')} IN SHARE MODE`);
  } catch (error) {
    if ((error as { code?: string }).code !== '55P03') throw error;
    const { rows } = await other.query<{ who: string }>(
      `SELECT DISTINCT concat_ws(' ', usename, nullif(application_name, ''), client_addr, state) AS who
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
       WHERE l.locktype = 'relation' AND l.granted AND l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock',
         'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') AND a.pid <> pg_backend_pid()`,
    );
    throw new Problem(
      'backup-failed',
      `Somebody writes to the database: ${rows.map(({ who }) => who).join('; ') || 'a session that has ended since'}`,
      { remedy: 'Let that transaction end, then ask again.', cause: error },
    );
  }
}

/** The WAL of the backup must not be recycled while it is copied; the slot goes with the session. */
async function keepWal(client: pg.Client): Promise<void> {
  await client.query(
    `SELECT pg_create_physical_replication_slot('greenroom_backup_' || pg_backend_pid(), true, true)
     WHERE current_setting('max_replication_slots')::int > 0`,
  );
}

/** The functions were renamed in 15: https://www.postgresql.org/docs/15/release-15.html */
async function startBackup(client: pg.Client, version: number): Promise<void> {
  await client.query(
    version >= 150000
      ? `SELECT pg_backup_start('greenroom', true)`
      : `SELECT pg_start_backup('greenroom', true, false)`,
  );
}

async function stopBackup(client: pg.Client, version: number): Promise<{ lsn: string; label: string }> {
  const { rows } = await client.query<{ lsn: string; labelfile: string }>(
    `SELECT lsn::text, labelfile FROM ${version >= 150000 ? 'pg_backup_stop(false)' : 'pg_stop_backup(false, false)'}`,
  );
  return { lsn: rows[0]!.lsn, label: rows[0]!.labelfile };
}

/**
 * Takes out what is the running server's, adds label and WAL, and puts all of it on the disk.
 *
 * The helper is root and sees every volume, and whoever may write to the database's volume may plant a link in it that
 * leads into another one. So nothing is followed: a copy with a link anywhere in it is refused before it is touched.
 */
async function completeCopy(
  host: Host,
  { volume, target, dataPath }: NonNullable<TakeOptions['clone']>,
  label: string,
  signal: AbortSignal,
): Promise<void> {
  const [from, to] = await Promise.all(
    [volume, target].map(async (one) => [await pathInHelper(host, one), dataPath].filter(Boolean).join('/')),
  );
  // cp has an exit code of 1 for what vanished; its messages are looked at here.
  const script = `set -eu; export LC_ALL=C; from=$1; to=$2
plain() { found=$(find "$to" -type l -print -quit); [ -z "$found" ] || { echo "a link in the data directory: $found" >&2; exit 3; }; }
[ "$(realpath "$to")" = "$to" ] || { echo 'the data directory is reached through a link' >&2; exit 3; }
plain
cd "$to"; rm -rf postmaster.pid postmaster.opts pg_wal backup_label
for folder in ${emptied.join(' ')}; do [ ! -d "$folder" ] || find "$folder" -mindepth 1 -delete; done
find . -name 'pgsql_tmp*' -prune -exec rm -rf {} +
cd "$from"; [ "$(pwd -P)" = "$from" ] || { echo 'the data directory is reached through a link' >&2; exit 3; }
cp -a --reflink=auto pg_wal "$to/pg_wal" || copied=$?
plain
cd "$to"
printf %s "$3" | base64 -d > backup_label; chown --reference=PG_VERSION backup_label; chmod 600 backup_label
sync -f .; exit "\${copied:-0}"`;
  const base64 = Buffer.from(label).toString('base64');
  const { exitCode, stderr } = await runInHelper(host, ['sh', '-c', script, 'sh', from!, to!, base64], signal);
  if (exitCode === 0 || (exitCode === 1 && onlyVanished(stderr))) return;
  throw new Problem('backup-failed', `The copy could not be completed: ${stderr.trim().slice(-300)}`, {
    remedy:
      exitCode === 3
        ? 'A backup holds plain files only: nothing in the data directory may be a link.'
        : 'Check the free space of the engine’s data root.',
  });
}
