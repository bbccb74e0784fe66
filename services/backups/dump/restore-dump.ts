import type pg from 'pg';
import type { StackPlan } from '../../compose/plan.ts';
import { EngineAway } from '../../engine/away.ts';
import { DiskFull, saysDiskIsFull } from '../../engine/disk.ts';
import type { Host } from '../../engine/host.ts';
import { Problem } from '../../errors.ts';
import { connectTarget, runInTarget, startTarget, type Target } from '../../snapshots/capture/target.ts';
import { createRoles, type Roles } from '../../snapshots/roles.ts';
import type { TargetFacts } from '../../snapshots/target.ts';
import { dataMountOf, pgdataOf } from '../../stacks/data-mount.ts';
import { databaseService } from '../../stacks/database-service.ts';
import { dumpFolder } from './manifest.ts';

export interface RestoreOptions {
  host: Host;
  plan: StackPlan;
  /** The stack's own Postgres. */
  imageId: string;
  facts: TargetFacts;
  /** Where the dump is. */
  dump: string;
  roles: Roles;
  /** The volume that is made, the container on it, and an open network for that. */
  volume: string;
  volumeLabels: Record<string, string>;
  container: string;
  containerLabels: Record<string, string>;
  network: string;
  signal: AbortSignal;
}

export interface Restored {
  target: Target;
  connect(): Promise<pg.Client>;
}

const folder = '/dump';
const jobs = 2;
/** 128 + SIGKILL: the engine stops, or lacks memory. */
const killed = 137;

/**
 * Restores a dump into a new cluster of the same image, which runs afterwards.
 * @throws Problem `backup-damaged` with what `pg_restore` says, `engine-failed` when the cluster does not start.
 */
export async function restoreDump(options: RestoreOptions): Promise<Restored> {
  const { host, facts, signal } = options;
  const service = databaseService(options.plan)!;
  const image = await host.docker.getImage(options.imageId).inspect();
  const target = await startTarget(
    host,
    {
      ...{ image: options.imageId, volume: options.volume, volumeLabels: options.volumeLabels },
      ...{ container: options.container, containerLabels: options.containerLabels, network: options.network },
      mountTarget: dataMountOf(service, image).target,
      pgdata: pgdataOf(service, image),
      superuser: facts.superuser,
      initdbArgs: service.environment.POSTGRES_INITDB_ARGS,
      mounts: [{ Type: 'volume', Source: options.dump, Target: folder, ReadOnly: true }],
      failure: 'engine-failed',
    },
    signal,
  );
  const run = async (command: string[]) => {
    const { exitCode, stderr } = await runInTarget(target, command, { PGUSER: facts.superuser }, signal);
    if (exitCode === 0) return;
    const why = stderr.trim().split('\n').slice(0, 3).join(' ').slice(0, 500);
    const { State: state } = await host.docker.getContainer(options.container).inspect();
    // Only a server that still runs says something of the dump.
    if (!state.Running || exitCode === killed)
      throw new EngineAway(host.docker, `${command[0]} or its server was stopped from outside: ${why}`);
    if (saysDiskIsFull(why))
      throw new DiskFull(`The disk of the Docker engine is full; the dump cannot be restored: ${why}`);
    throw new Problem('backup-damaged', `${command[0]} exited with code ${exitCode}: ${why}`);
  };
  await createRoles(options.roles, target);
  // With its own encoding, locale and owner; the one that every cluster has cannot be created.
  const create = facts.database === 'postgres' ? [] : ['--create'];
  const archive = `${folder}/${dumpFolder}`;
  await run(['pg_restore', ...create, '--exit-on-error', `--jobs=${jobs}`, '--dbname=postgres', archive]);
  return { target, connect: () => connectTarget(target, facts.database) };
}
