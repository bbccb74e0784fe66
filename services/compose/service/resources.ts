import type { ServicePlan } from '../plan.ts';
import { isMap, mapAt, type Tree } from '../tree.ts';
import { readBytes } from './bytes.ts';
import type { ServiceScope } from './scope.ts';
import { readInteger, readNumber } from './values.ts';

type Resources = Pick<ServicePlan, 'memoryBytes' | 'memoryReservationBytes' | 'cpus' | 'pidsLimit' | 'shmSizeBytes'>;

/**
 * Limits of memory, processors and processes. `mem_limit` and `deploy.resources.limits.memory` (and their like) mean
 * the same thing and must agree. Zero and -1 are no limit. Source: Compose Deploy Specification, "resources";
 * compose-go `loader/validate.go`.
 */
export function readResources(scope: ServiceScope): Resources {
  const { service, findings, where } = scope;
  const limits = mapAt(mapAt(mapAt(service, 'deploy'), 'resources'), 'limits');
  const reservations = mapAt(mapAt(mapAt(service, 'deploy'), 'resources'), 'reservations');
  const bytes = (value: Tree | undefined, at: string) => (value === -1 ? 0 : readBytes(value, at, findings));
  const number = (value: Tree | undefined, at: string) => readNumber(value, at, findings);
  const integer = (value: Tree | undefined, at: string) =>
    Math.max(readInteger(value, at, findings, { min: -1 }) ?? 0, 0);

  const one = (key: string, deployKey: string, own: number | undefined, deployed: number | undefined) => {
    if (own && deployed && own !== deployed)
      findings.mistake(`${where}.${key}`, `differs from deploy.resources.${deployKey}, which means the same`);
    return deployed || own || undefined;
  };
  const at = `${where}.deploy.resources`;
  const resources = {
    memoryBytes: one(
      'mem_limit',
      'limits.memory',
      bytes(service.mem_limit, `${where}.mem_limit`),
      bytes(limits.memory, `${at}.limits.memory`),
    ),
    memoryReservationBytes: one(
      'mem_reservation',
      'reservations.memory',
      bytes(service.mem_reservation, `${where}.mem_reservation`),
      bytes(reservations.memory, `${at}.reservations.memory`),
    ),
    cpus: one('cpus', 'limits.cpus', number(service.cpus, `${where}.cpus`), number(limits.cpus, `${at}.limits.cpus`)),
    pidsLimit: one(
      'pids_limit',
      'limits.pids',
      integer(service.pids_limit, `${where}.pids_limit`),
      integer(limits.pids, `${at}.limits.pids`),
    ),
    shmSizeBytes: bytes(service.shm_size, `${where}.shm_size`) || undefined,
  };
  return Object.fromEntries(Object.entries(resources).filter(([, value]) => value !== undefined));
}

/** `nofile: 1024` sets both limits, `{soft, hard}` each; -1 is none. Source: Compose Specification, "ulimits". */
export function readUlimits(scope: ServiceScope): ServicePlan['ulimits'] {
  const { findings } = scope;
  return Object.entries(mapAt(scope.service, 'ulimits')).map(([name, value]) => {
    const where = `${scope.where}.ulimits.${name}`;
    const [soft, hard] = isMap(value) ? [value.soft, value.hard] : [value, value];
    const limit = {
      name,
      soft: readInteger(soft, where, findings, { min: -1 }) ?? -1,
      hard: readInteger(hard, where, findings, { min: -1 }) ?? -1,
    };
    if (limit.hard !== -1 && (limit.soft === -1 || limit.soft > limit.hard))
      findings.mistake(where, 'has a soft limit above the hard one');
    return limit;
  });
}
