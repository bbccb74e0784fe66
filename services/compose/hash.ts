import { createHash } from 'node:crypto';
import type { ServicePlan } from './plan.ts';

/**
 * A hash of everything a container is created from. What it waits for is not part of that, as in Compose; neither the
 * order of keys nor keys that are undefined change it.
 */
export function configHash(service: Omit<ServicePlan, 'configHash'>): string {
  const { dependsOn: _, ...created } = service;
  return createHash('sha256').update(stableText(created)).digest('hex');
}

function stableText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${stableText(one)}`).join(',')}}`;
}

/** The same whatever the image is called: images are compared by what they are. */
export function definitionHash({ configHash: _, ...service }: ServicePlan): string {
  return configHash({ ...service, image: '' });
}
