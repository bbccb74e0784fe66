import type { Findings } from './findings.ts';
import { limits } from './limits.ts';
import type { NetworkPlan, VolumePlan } from './plan.ts';
import { readLabels } from './service/labels.ts';
import type { ServiceDraft } from './service/service.ts';
import { readBoolean } from './service/values.ts';
import { isMap, mapAt, type Tree, type TreeMap } from './tree.ts';

/** The networks that a service is on; those that none uses are not made, as in Compose. */
export function planNetworks(model: TreeMap, services: readonly ServiceDraft[], findings: Findings): NetworkPlan[] {
  const used = new Set(services.flatMap(({ networks }) => networks.map(({ name }) => name)));
  return [...used].sort().map((name) => {
    const network = mapAt(mapAt(model, 'networks'), name);
    const where = `networks.${name}`;
    const flag = (key: string) =>
      isMap(network[key] ?? null) || (readBoolean(network[key], `${where}.${key}`, findings) ?? false);
    return {
      name,
      internal: flag('internal'),
      labels: readLabels(network.labels ?? null, `${where}.labels`, findings),
      external: flag('external'),
    };
  });
}

/** The volumes that a service mounts; those that none uses are not made. */
export function planVolumes(model: TreeMap, services: readonly ServiceDraft[], findings: Findings): VolumePlan[] {
  const mounts = services.flatMap((service) => service.mounts);
  const used = new Set(mounts.flatMap((mount) => (mount.type === 'volume' && mount.volume ? [mount.volume] : [])));
  return [...used].sort().map((name) => ({
    name,
    labels: readLabels(mapAt(mapAt(model, 'volumes'), name).labels ?? null, `volumes.${name}.labels`, findings),
  }));
}

/** Checks how much there is of everything, before anything is done that takes time by it. */
export function checkCounts(model: TreeMap, findings: Findings): void {
  let values = 0;
  const count = (value: Tree, where: string): void => {
    values += 1;
    if (typeof value !== 'object' || value === null || values > limits.modelValues) return;
    if (Array.isArray(value) && value.length > limits.listEntries)
      findings.mistake(where, `has ${value.length} entries, at most ${limits.listEntries} are accepted`);
    for (const [key, one] of Object.entries(value)) count(one, where === '' ? key : `${where}.${key}`);
  };
  count(model, '');
  if (values > limits.modelValues) findings.mistake('services', `come to more than ${limits.modelValues} values`);
  for (const kind of ['services', 'networks', 'volumes'] as const) {
    const names = Object.keys(mapAt(model, kind));
    if (names.length > limits[kind])
      findings.mistake(kind, `are ${names.length}, at most ${limits[kind]} are accepted`);
    for (const name of names)
      if (!/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,62}$/.test(name))
        findings.mistake(`${kind}.${name}`, 'is not a name of at most 63 letters, digits, . _ and -');
      else if (name.startsWith('greenroom-'))
        findings.mistake(`${kind}.${name}`, 'starts with greenroom-, as what greenroom adds to a stack does');
  }
}
