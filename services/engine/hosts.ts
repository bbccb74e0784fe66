import type Docker from 'dockerode';
import type { components } from '../../openapi/types.ts';
import { type Database, queryOne } from '../database/queries.ts';
import type { Host } from './host.ts';
import { cloneModeOf } from './volumes.ts';

/** The engine this process talks to, as a row of `hosts`. */
export async function ensureLocalHost(
  database: Database,
  docker: Docker,
  installation: string,
  helperImage: string,
): Promise<Host> {
  const row = await queryOne<{ id: string; name: string }>(database, 'ensure-host', ['local']);
  return { ...row!, docker, installation, helperImage };
}

/** A host and how it clones. */
export async function describeHost(host: Host): Promise<components['schemas']['Host']> {
  const [info, cloneMode] = await Promise.all([host.docker.info(), cloneModeOf(host)]);
  const backing = (info.DriverStatus as [string, string][] | null)?.find(([key]) => key === 'Backing Filesystem')?.[1];
  return {
    id: host.id,
    name: host.name,
    engine: {
      version: info.ServerVersion,
      os: info.OperatingSystem,
      architecture: info.Architecture,
      cpus: info.NCPU,
      memoryBytes: info.MemTotal,
      storageDriver: info.Driver,
      ...(backing ? { backingFilesystem: backing } : {}),
    },
    cloneMode,
    ...(cloneMode === 'copy'
      ? { remedy: 'Put the engine’s data root on XFS (mkfs.xfs -m reflink=1) or btrfs; clones then share blocks.' }
      : {}),
  };
}
