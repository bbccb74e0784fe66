import type Docker from 'dockerode';
import type pg from 'pg';
import type { Logger } from 'pino';
import { drillBackup } from './backups/drill.ts';
import { deleteBackup, verifyBackupAgain } from './backups/operations.ts';
import { takeBackupOnRequest } from './backups/take-operation.ts';
import { openDatabase } from './database/open.ts';
import { startOwnDatabase } from './database/own-database.ts';
import { queryOne } from './database/queries.ts';
import { explainBrokenConnection } from './engine/away.ts';
import { explainFullDisk } from './engine/disk.ts';
import type { Host } from './engine/host.ts';
import { ensureLocalHost } from './engine/hosts.ts';
import { migrationStatus } from './migrations/status-operation.ts';
import { type Followers, followOperations } from './operations/follow.ts';
import type { OperationKinds } from './operations/kind.ts';
import { type Queue, startQueue } from './operations/queue.ts';
import { rehearse } from './rehearsals/rehearse.ts';
import { type Sealer, sealerOf, secretFile } from './secrets/seal.ts';
import type { Settings } from './settings.ts';
import { captureSnapshot } from './snapshots/capture-operation.ts';
import { deleteSnapshot } from './snapshots/delete-operation.ts';
import { createStack } from './stacks/create.ts';
import { deleteStack } from './stacks/delete.ts';
import { deployRelease } from './stacks/deploy.ts';
import { resetStack } from './stacks/reset.ts';
import { restoreStack } from './stacks/restore.ts';
import { startSweeping } from './stacks/sweep.ts';

/** What the parts of a running greenroom share. State is in the database and on the engines, never in here. */
export interface Greenroom {
  settings: Settings;
  pool: pg.Pool;
  sealer: Sealer;
  installation: string;
  hosts: Map<string, Host>;
  log: Logger;
}

export interface RunningGreenroom extends Greenroom {
  queue: Queue;
  followers: Followers;
  /** Lets go of everything; operations under way are resumed by the next process. */
  stop(): Promise<void>;
}

/** Starts greenroom's work: its database, its hosts, the job queue and the sweep. The API is put on top by api/. */
export async function startGreenroom(settings: Settings, docker: Docker, log: Logger): Promise<RunningGreenroom> {
  const onError = (error: Error) => log.warn({ err: error }, 'database connection');
  const config: pg.ClientConfig =
    settings.databaseUrl === undefined
      ? await startOwnDatabase(docker, settings)
      : { connectionString: settings.databaseUrl };
  const { pool, installation } = await openDatabase(config, settings.concurrency, onError);
  const sealer = sealerOf(settings.secretKey ?? (await secretFile(settings.home, 'secret.key')));
  const host = await ensureLocalHost(pool, docker, installation, settings.helperImage);
  const greenroom: Greenroom = { settings, pool, sealer, installation, hosts: new Map([[host.id, host]]), log };

  const kinds: OperationKinds = {
    'snapshot.capture': captureSnapshot(greenroom),
    'snapshot.delete': deleteSnapshot(greenroom),
    'stack.create': createStack(greenroom),
    'stack.reset': resetStack(greenroom),
    'stack.delete': deleteStack(greenroom),
    'stack.deploy': deployRelease(greenroom),
    'stack.restore': restoreStack(greenroom),
    'migration.status': migrationStatus(greenroom),
    'migration.rehearse': rehearse(greenroom),
    'migration.apply': deployRelease(greenroom),
    'migration.rollback': deployRelease(greenroom),
    'backup.take': takeBackupOnRequest(greenroom),
    'backup.drill': drillBackup(greenroom),
    'backup.verify': verifyBackupAgain(greenroom),
    'backup.delete': deleteBackup(greenroom),
  };
  const followers = await followOperations(config);
  const explain = async (subject: string, error: unknown) => {
    const row = await queryOne<{ host: string }>(pool, 'host-of-subject', [subject]);
    if (!row) return error;
    const host = hostOf(greenroom, row.host);
    return explainBrokenConnection(host.docker, await explainFullDisk(host, error));
  };
  const runner = { pool, databaseConfig: config, followers, kinds, explain, log };
  const queue = await startQueue(runner, settings.concurrency);
  const sweep = startSweeping(greenroom, queue);
  return {
    ...greenroom,
    queue,
    followers,
    async stop() {
      await sweep.stop();
      await queue.stop();
      await followers.close();
      await pool.end();
    },
  };
}

/** The host something is on. @throws Error when this process does not know it. */
export function hostOf(greenroom: Pick<Greenroom, 'hosts'>, id: string): Host {
  const host = greenroom.hosts.get(id);
  if (!host) throw new Error(`Host ${id} is not connected to this process`);
  return host;
}
