import type { Findings } from './findings.ts';
import { isMap, listAt, mapAt, type TreeMap, textOf } from './tree.ts';

/**
 * The services that run: those without a profile, with an active one, or named in `wanted`. A service with no
 * containers (`scale: 0`) is left out as well. Both are reported.
 * Source: Compose Specification, "profiles"; naming a service activates it, as `docker compose run` does.
 */
export function activeServices(
  model: TreeMap,
  active: readonly string[],
  wanted: readonly string[],
  findings: Findings,
): Map<string, TreeMap> {
  const result = new Map<string, TreeMap>();
  for (const [name, service] of Object.entries(mapAt(model, 'services'))) {
    if (!isMap(service)) continue;
    const replicas = mapAt(service, 'deploy').replicas;
    if ((service.scale ?? null) !== null && (replicas ?? null) !== null && textOf(service.scale) !== textOf(replicas))
      findings.mistake(`services.${name}.scale`, 'differs from deploy.replicas, which means the same');
    const profiles = listAt(service, 'profiles').map(textOf);
    const selected = profiles.length === 0 || active.includes('*') || profiles.some((one) => active.includes(one));
    if (!selected && !wanted.includes(name))
      findings.replace(`services.${name}`, `does not run: its profile ${profiles.join(', ')} is not active`);
    else if (hasNoContainers(service)) findings.replace(`services.${name}`, 'does not run: it has 0 replicas');
    else result.set(name, service);
  }
  return result;
}

export function hasNoContainers(service: TreeMap): boolean {
  return [service.scale, mapAt(service, 'deploy').replicas].some((value) => value === 0 || value === '0');
}
