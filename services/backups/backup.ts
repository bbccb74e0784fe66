import type { components } from '../../openapi/types.ts';
import { removeClone } from '../clones/clone.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import type { Host } from '../engine/host.ts';
import { removeVolume } from '../engine/volumes.ts';
import { messageOf, Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { deploymentPolicyOf } from '../projects/deployment-policy.ts';
import type { TargetFacts } from '../snapshots/target.ts';
import type { DatabaseContent } from './content.ts';
import { type Manifest, sizeOf } from './dump/manifest.ts';
import { removeDump } from './dump/take-dump.ts';

type Schemas = components['schemas'];

export interface BackupRow {
  id: string;
  project: string;
  stack: string;
  host: string;
  /** Of its clone; the dump's is named after it. */
  volume: string;
  state: Schemas['Backup']['state'];
  purpose: Schemas['Backup']['purpose'];
  forms: Schemas['BackupForm'][];
  kept: boolean;
  release: Schemas['ReleaseInStack'];
  sealed_plan: Buffer;
  snapshot: string | null;
  facts: TargetFacts;
  content: DatabaseContent | null;
  /** Of the dump, while there is one. */
  dump: Manifest | null;
  taken: { freezeMs: number; lsn?: string; cloneMode?: 'reflink' | 'copy'; takenAt?: string } | null;
  created_at: Date;
  verified_at: Date | null;
  error: Schemas['Problem'] | null;
}

/** @throws Problem `not-found` */
export async function getBackupRow(database: Database, id: string): Promise<BackupRow> {
  const row = await queryOne<BackupRow>(database, 'get-backup', [id]);
  if (row) return row;
  throw new Problem('not-found', `There is no backup ${id}`, { where: id, remedy: 'GET /v1/backups lists them.' });
}

export async function listBackups(
  database: Database,
  filter: { project?: string | undefined; stack?: string | undefined },
): Promise<Schemas['Backup'][]> {
  const values = [filter.project ?? null, filter.stack ?? null];
  return (await query<BackupRow>(database, 'list-backups', values)).map(toBackup);
}

/** Says whether a backup stays until somebody deletes it. @throws Problem `not-found`, `conflict` when it is too late. */
export async function keepBackup(database: Database, id: string, kept: boolean): Promise<Schemas['Backup']> {
  const row = await queryOne<BackupRow>(database, 'keep-backup', [id, kept]);
  if (row) return toBackup(row);
  await getBackupRow(database, id);
  throw new Problem('conflict', `Backup ${id} is being deleted`, { where: id });
}

/** Removes what a backup consists of, then its record. Safe to repeat. */
export async function dropBackup(
  greenroom: Greenroom,
  host: Host,
  { id, volume }: Pick<BackupRow, 'id' | 'volume'>,
): Promise<void> {
  const { pool: database } = greenroom;
  await query(database, 'set-backup-state', [id, 'deleting', null]);
  // Where it is being verified, that comes to nothing.
  await removeClone(greenroom, host, checkCloneOf(id));
  await removeDump(host, id);
  await removeVolume(host, volume);
  await query(database, 'delete-backup', [id]);
}

/**
 * Removes the stack's backups that nobody asked to keep, but for the newest that are good, as many as the project keeps.
 * @returns the ids of the removed.
 */
async function dropOldBackups(greenroom: Greenroom, project: string, stack: string): Promise<string[]> {
  const { keepBackups } = await deploymentPolicyOf(greenroom.pool, project);
  return dropAll(greenroom, 'drop-old-backups', [stack, keepBackups]);
}

/** The same where it must not keep what was done from being recorded: what cannot be removed now is the sweep's affair. */
export async function tidyBackups(
  greenroom: Greenroom,
  { project, name }: { project: string; name: string },
  log: (line: string) => void,
): Promise<void> {
  try {
    for (const id of await dropOldBackups(greenroom, project, name)) log(`removed the old backup ${id}`);
  } catch (error) {
    log(`an old backup could not be removed: ${messageOf(error)}`);
  }
}

/** Removes all of a stack's backups that nobody asked to keep, finished or not; nothing else may work on the stack. */
export function dropBackupsOfStack(greenroom: Greenroom, stack: string): Promise<string[]> {
  return dropAll(greenroom, 'drop-backups-of-stack', [stack]);
}

async function dropAll(greenroom: Greenroom, name: string, values: unknown[]): Promise<string[]> {
  const rows = await query<Pick<BackupRow, 'id' | 'host' | 'volume'>>(greenroom.pool, name, values);
  for (const row of rows) await dropBackup(greenroom, hostOf(greenroom, row.host), row);
  return rows.map(({ id }) => id);
}

/** The clone that a backup is verified on. With a dot, which no stack's name has. */
export function checkCloneOf(backup: string): string {
  return `${backup}.check`;
}

export function toBackup(row: BackupRow): Schemas['Backup'] {
  const tables = Object.values(row.content?.tables ?? {});
  return {
    id: row.id,
    project: row.project,
    stack: row.stack,
    state: row.state,
    purpose: row.purpose,
    forms: row.forms,
    kept: row.kept,
    release: row.release,
    createdAt: row.created_at.toISOString(),
    ...(row.taken?.takenAt ? { takenAt: row.taken.takenAt } : {}),
    ...(row.verified_at ? { verifiedAt: row.verified_at.toISOString() } : {}),
    ...(row.content
      ? {
          tables: tables.length,
          rows: tables.reduce((sum, { rows }) => sum + rows, 0),
          schemaFingerprint: row.content.schemaFingerprint,
        }
      : {}),
    ...(row.taken ? { freezeMs: row.taken.freezeMs } : {}),
    ...(row.taken?.cloneMode ? { cloneMode: row.taken.cloneMode } : {}),
    ...(row.dump ? { dumpBytes: sizeOf(row.dump) } : {}),
    ...(row.error ? { error: row.error } : {}),
  };
}
