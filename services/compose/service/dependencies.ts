import type { Dependency } from '../plan.ts';
import { isMap, textOf } from '../tree.ts';
import { readLinks } from './networks.ts';
import type { ServiceScope } from './scope.ts';
import { readBoolean } from './values.ts';

/**
 * What a service waits for: `depends_on` in both forms, and the services it links to.
 * Source: Compose Specification, "depends_on"; compose-go `loader/normalize.go`.
 */
export function readDependencies(scope: ServiceScope): Dependency[] {
  const { depends_on } = scope.service;
  const found = new Map<string, Dependency>();
  const names = Array.isArray(depends_on)
    ? depends_on.map(textOf)
    : Object.keys(isMap(depends_on ?? null) ? (depends_on as object) : {});
  for (const service of names) {
    const options = isMap(depends_on ?? null)
      ? (depends_on as Record<string, Record<string, never>>)[service]
      : undefined;
    const where = `${scope.where}.depends_on.${service}`;
    found.set(service, {
      service,
      condition: (options?.condition as Dependency['condition'] | undefined) ?? 'service_started',
      required: readBoolean(options?.required, `${where}.required`, scope.findings) ?? true,
    });
  }
  for (const { service } of readLinks(scope))
    if (!found.has(service)) found.set(service, { service, condition: 'service_started', required: true });
  return [...found.values()];
}
