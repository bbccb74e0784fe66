import type { ImageInspectInfo } from 'dockerode';
import type { Mount, ServicePlan } from '../compose/plan.ts';

export interface DataMount {
  /** The plan's volume, or one that greenroom adds where the file leaves the data in an anonymous volume. */
  volume: string;
  /** Where the volume is mounted: PGDATA or a folder above it. */
  target: string;
  /** The service's mounts with this one among them. */
  mounts: Mount[];
}

/** Finds the volume that holds a Postgres service's data, from its mounts and its PGDATA. */
export function dataMountOf(service: ServicePlan, image: ImageInspectInfo): DataMount {
  const pgdata = pgdataOf(service, image);
  const holds = (target: string) => pgdata === target || pgdata.startsWith(`${target.replace(/\/$/, '')}/`);
  const found = service.mounts.find((mount) => mount.type === 'volume' && holds(mount.target));
  if (found?.type === 'volume' && found.volume !== undefined) {
    return { volume: found.volume, target: found.target, mounts: service.mounts };
  }
  const declared = Object.keys(image.Config.Volumes ?? {}).find(holds);
  const target = found?.target ?? declared ?? pgdata;
  const volume = `${service.name}-data`;
  const others = service.mounts.filter((mount) => mount !== found);
  return { volume, target, mounts: [...others, { type: 'volume', volume, target, readOnly: false, noCopy: true }] };
}

export function pgdataOf(service: ServicePlan, image: ImageInspectInfo): string {
  const ofImage = (image.Config.Env ?? []).find((entry) => entry.startsWith('PGDATA='))?.slice('PGDATA='.length);
  return service.environment.PGDATA ?? ofImage ?? '/var/lib/postgresql/data';
}
