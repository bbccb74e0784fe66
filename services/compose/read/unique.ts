import { isMap, type Tree, type TreeMap, textOf } from '../tree.ts';
import { splitVolume } from './volume.ts';

type Name = (entry: Tree) => string;

const keyValue: Name = (entry) => (typeof entry === 'string' ? (entry.split('=', 1)[0] ?? '') : identity(entry));
const identity: Name = (entry) => JSON.stringify(entry);

const byTarget: Name = (entry) => {
  const target = isMap(entry) ? entry.target : typeof entry === 'string' ? splitVolume(entry)?.target : undefined;
  return typeof target === 'string' ? target.replace(/(?<=.)\/+$/, '') : identity(entry);
};

const byDeviceTarget: Name = (entry) => {
  if (isMap(entry)) return textOf(entry.target ?? entry.source);
  const [source, target] = textOf(entry).split(':');
  return target ?? source ?? '';
};

const byMount =
  (folder: string): Name =>
  (entry) =>
    isMap(entry) ? textOf(entry.target ?? `${folder}/${textOf(entry.source)}`) : `${folder}/${textOf(entry)}`;

const byPath: Name = (entry) => (isMap(entry) ? textOf(entry.path) : textOf(entry));

/** `80:80`, `80:80/tcp` and `{target: 80, published: 80}` are one port. */
const byPort: Name = (entry) => {
  if (isMap(entry)) {
    const [host, published] = [textOf(entry.host_ip ?? '0.0.0.0'), textOf(entry.published)];
    return `${host}:${published}:${textOf(entry.target)}/${textOf(entry.protocol ?? 'tcp')}`;
  }
  const [ports = '', protocol = 'tcp'] = textOf(entry).split('/');
  const parts = ports.split(/:(?![^[]*\])/);
  const target = parts.pop() ?? '';
  return `${parts.slice(0, -1).join(':') || '0.0.0.0'}:${parts.at(-1) ?? ''}:${target}/${protocol}`;
};

/** Lists whose entries each name a thing. Source: compose-go `override/uncity.go`. */
const names: Record<string, Name> = {
  annotations: keyValue,
  cap_add: keyValue,
  cap_drop: keyValue,
  devices: byDeviceTarget,
  configs: byMount(''),
  dns: keyValue,
  dns_opt: keyValue,
  dns_search: keyValue,
  environment: keyValue,
  env_file: byPath,
  expose: textOf,
  labels: keyValue,
  links: keyValue,
  ports: byPort,
  profiles: keyValue,
  secrets: byMount('/run/secrets'),
  sysctls: keyValue,
  tmpfs: keyValue,
  volumes: byTarget,
};

/** In lists whose entries name a thing, the last entry of a name takes the place of the first. */
export function enforceUnicity(tree: Tree): Tree {
  if (!isMap(tree) || !isMap(tree.services ?? null)) return tree;
  const services = Object.entries(tree.services as TreeMap).map(([name, service]) => [
    name,
    isMap(service) ? uniqueService(service) : service,
  ]);
  return { ...tree, services: Object.fromEntries(services) };
}

function uniqueService(service: TreeMap): TreeMap {
  const entries = Object.entries(service).map(([key, value]) => {
    const name = Object.hasOwn(names, key) ? names[key] : undefined;
    if (name && Array.isArray(value)) return [key, unique(value, name)];
    if (key === 'networks' && isMap(value)) return [key, uniqueAliases(value)];
    return [key, value];
  });
  return Object.fromEntries(entries);
}

function uniqueAliases(networks: TreeMap): TreeMap {
  const entries = Object.entries(networks).map(([name, network]) => {
    if (!isMap(network) || !Array.isArray(network.aliases)) return [name, network];
    return [name, { ...network, aliases: unique(network.aliases, keyValue) }];
  });
  return Object.fromEntries(entries);
}

function unique(list: Tree[], name: Name): Tree[] {
  const byName = new Map<string, Tree>();
  for (const entry of list) byName.set(name(entry), entry);
  return [...byName.values()];
}
