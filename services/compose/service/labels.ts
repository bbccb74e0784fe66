import type { Findings } from '../findings.ts';
import { readBundle, resolvePath } from '../read/bundle.ts';
import { parseDotenv } from '../read/dotenv.ts';
import { keyed } from '../read/merge.ts';
import { type Tree, textOf } from '../tree.ts';
import type { ServiceScope } from './scope.ts';

/** Namespaces of greenroom, Compose and Docker: what carries them is found, counted and removed by them. */
const reserved = /^(greenroom|com\.docker|io\.docker|org\.dockerproject|desktop\.docker)(\.|$)/i;

/**
 * Programs that may run on a host with the Docker socket and do what any container's labels say: route traffic, run
 * commands, update images. A pull request must not steer them.
 */
const steering = [
  'traefik',
  'caddy',
  'ofelia',
  'com.centurylinklabs.watchtower',
  'docker-volume-backup',
  'autoheal',
  'diun',
  'wud',
  'chadburn',
  'swag',
  'sablier',
  'coolify',
  'dokploy',
  'io.portainer',
];

/**
 * A service's labels, those of its `label_file`s below its own. Labels that steer a program on the host are left out
 * unless `services.NAME.labels:PREFIX` is allowed.
 */
export function readServiceLabels(scope: ServiceScope): Record<string, string> {
  const labels = {
    ...readLabelFiles(scope),
    ...readLabels(scope.service.labels ?? null, `${scope.where}.labels`, scope.findings),
  };
  return Object.fromEntries(
    Object.entries(labels).filter(([name]) => {
      const where = `${scope.where}.labels`;
      if (reserved.test(name)) scope.findings.mistake(`${where}.${name}`, 'is a label that only greenroom may set');
      const program = steering.find((prefix) =>
        new RegExp(`^${prefix.replaceAll('.', '\\.')}([._]|$)`, 'i').test(name),
      );
      if (!program || scope.allowed(`${where}:${program}`)) return true;
      scope.findings.replace(
        `${where}.${name}`,
        `is not set, for it would steer ${program} on the host; an administrator may allow it with \`${where}:${program}\``,
      );
      return false;
    }),
  );
}

/** Labels of a network or a volume, or a service's own. Source: Compose Specification, "labels". */
export function readLabels(value: Tree, where: string, findings: Findings): Record<string, string> {
  const labels = Object.fromEntries(Object.entries(keyed(value) ?? {}).map(([name, one]) => [name, textOf(one)]));
  for (const name of Object.keys(labels)) {
    if (reserved.test(name)) findings.mistake(`${where}.${name}`, 'is a label that only greenroom may set');
    if (name === '') findings.mistake(where, 'has a label without a name');
  }
  return labels;
}

function readLabelFiles(scope: ServiceScope): Record<string, string> {
  const { label_file } = scope.service;
  const list = Array.isArray(label_file)
    ? label_file
    : label_file === undefined || label_file === null
      ? []
      : [label_file];
  const found = new Map<string, string>();
  for (const [index, entry] of list.entries()) {
    const where = `${scope.where}.label_file${Array.isArray(label_file) ? `[${index}]` : ''}`;
    const path = resolvePath('.', textOf(entry));
    const text = path === undefined ? undefined : readBundle(scope.bundle, path);
    if (path === undefined)
      scope.findings.mistake(where, 'must be a file of the bundle: nothing outside of it is read');
    else if (text === undefined) scope.findings.mistake(where, `there is no file ${path} in the bundle`);
    else
      for (const [name, value] of parseDotenv(path, text, (key) => found.get(key), found, scope.findings))
        found.set(name, value);
  }
  return Object.fromEntries(found);
}
