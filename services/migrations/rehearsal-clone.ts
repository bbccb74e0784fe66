import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clone, type CloneSpec, onClone, onCloneNetwork } from '../clones/clone.ts';
import { DiskFull, saysDiskIsFull } from '../engine/disk.ts';
import { exec } from '../engine/exec.ts';
import { Problem } from '../errors.ts';
import type { Greenroom } from '../greenroom.ts';
import { adoptClone } from '../snapshots/adopt.ts';
import { databaseService, migratorService, superuserOf } from '../stacks/database-service.ts';
import type { MigratorTarget } from './run-migrator.ts';

/** A clone beside which the migrator runs, and whose server's log tells what it did. */
export interface RehearsalClone extends Clone, MigratorTarget {
  /** The server's own log since it started: a JSON object a line, at most `logKeepBytes` from its end. */
  readLog(): Promise<string>;
}

const logFolder = 'greenroom-log';
const logKeepBytes = 64 << 20;
const observe = readFileSync(join(import.meta.dirname, '../../sql/observe/observe.sql'), 'utf8');

/** On top of the service's own command. Each duration line of the log carries its statement. */
const logging = {
  logging_collector: 'on',
  log_destination: 'jsonlog',
  log_directory: logFolder,
  log_filename: 'greenroom.log',
  log_rotation_age: '0',
  log_rotation_size: '0',
  log_min_messages: 'log',
  log_min_duration_statement: '0',
  log_statement: 'none',
  log_connections: 'on',
  log_lock_waits: 'on',
};

/**
 * Runs `work` on a clone that is the stack's own, as a stack's database is; `observed` installs what tells locks and
 * rewrites. The clone is gone afterwards.
 * @throws Problem `snapshot-incompatible`, `engine-failed`
 */
export async function onRehearsalClone<T>(
  greenroom: Greenroom,
  spec: Omit<CloneSpec, 'settings' | 'volumes'>,
  observed: boolean,
  work: (clone: RehearsalClone) => Promise<T>,
): Promise<T> {
  const { host, plan, images, signal, of } = spec;
  const database = databaseService(plan)!;
  const migrator = migratorService(plan)!;
  const volumes = migrator.mounts.flatMap((mount) => (mount.type === 'volume' && mount.volume) || []);
  const settings = observed ? logging : {};
  return onClone(greenroom, { ...spec, settings, volumes }, async (clone) => {
    const { container } = clone;
    await adoptClone({
      host,
      container,
      facts: of.facts,
      section: plan.greenroom.database!,
      login: superuserOf(database),
      signal,
    });
    if (observed) {
      const client = await clone.connect();
      await client.query(observe).finally(() => client.end());
    }
    const learnt = await work({
      ...clone,
      migrator: onCloneNetwork(migrator),
      migratorImage: images[migrator.name]!,
      async readLog() {
        const file = `${clone.pgdata}/${logFolder}/greenroom.json`;
        const command = ['tail', '-c', String(logKeepBytes), file];
        const { exitCode, stdout, stderr } = await exec(host, container, { command, keepBytes: logKeepBytes, signal });
        if (exitCode === 0) return stdout;
        throw new Problem('engine-failed', `The rehearsal's log cannot be read: ${stderr.trim().slice(-300)}`);
      },
    });
    // A migration that fails for want of space fails because of this engine, not because of the release.
    if (saysDiskIsFull(JSON.stringify(learnt)))
      throw new DiskFull('The disk of the Docker engine is full; the migrations could not be run to their end');
    return learnt;
  });
}
