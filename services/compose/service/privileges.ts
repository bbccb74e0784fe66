import type { ServicePlan } from '../plan.ts';
import { keyed } from '../read/merge.ts';
import { isMap, listAt, mapAt, type Tree, textOf } from '../tree.ts';
import type { ServiceScope } from './scope.ts';
import { readBoolean } from './values.ts';

/** Docker's default capabilities: adding one back after `cap_drop: [ALL]` gives nothing that is not given anyway. */
const defaultCapabilities = new Set(
  (
    'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID ' +
    'SYS_CHROOT'
  ).split(' '),
);

/** Options that take rights away, or are what Docker does anyway. */
const harmlessSecurity =
  /^(no-new-privileges([:=]true)?|seccomp[:=]builtin|apparmor[:=]docker-default|label[:=]level[:=][\w:.,-]+)$/;

/** Limits that bound memory, files and processes. The others (`rtprio`, `nice`, `rttime`) let a process starve the host. */
const harmlessUlimits = new Set(
  'core cpu data fsize locks memlock msgqueue nofile nproc rss sigpending stack'.split(' '),
);

/** Kernel parameters that belong to the container's own namespaces. Source: Docker, "Configure namespaced kernel parameters". */
const namespacedSysctl =
  /^(net\.[\w.-]+|fs\.mqueue\.\w+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced))$/;

type Privileges = Pick<
  ServicePlan,
  'privileged' | 'capAdd' | 'capDrop' | 'securityOpt' | 'devices' | 'sysctls' | 'namespaces'
>;

/** Whatever would give a container more than an ordinary one has is refused unless it is allowed by its own name. */
export function readPrivileges(scope: ServiceScope): Privileges {
  const { service, where, findings } = scope;
  const privileged = readBoolean(service.privileged, `${where}.privileged`, findings) ?? false;
  if (privileged) demand(scope, `${where}.privileged`, `${where}.privileged`, 'runs with every right on the host');
  const capAdd = readCapabilities(scope, 'cap_add');
  for (const capability of capAdd)
    if (!defaultCapabilities.has(capability))
      demand(scope, `${where}.cap_add`, `${where}.cap_add:${capability}`, `adds the capability ${capability}`);
  for (const name of Object.keys(mapAt(service, 'ulimits')))
    if (!harmlessUlimits.has(name))
      demand(scope, `${where}.ulimits.${name}`, `${where}.ulimits:${name}`, 'lets a process starve the host');
  return {
    privileged,
    capAdd,
    capDrop: readCapabilities(scope, 'cap_drop'),
    securityOpt: readSecurityOptions(scope),
    devices: listAt(service, 'devices').flatMap((entry, index) =>
      readDevice(scope, entry, `${where}.devices[${index}]`),
    ),
    sysctls: readSysctls(scope),
    ...readNamespaces(scope),
  };
}

/** A mistake unless the administrator allowed `thing`. */
export function demand(scope: ServiceScope, where: string, thing: string, what: string): void {
  if (!scope.allowed(thing))
    scope.findings.mistake(where, `${what}, which is not allowed`, `an administrator may allow it with \`${thing}\``);
}

function readCapabilities(scope: ServiceScope, key: 'cap_add' | 'cap_drop'): string[] {
  return listAt(scope.service, key).map((entry) => {
    const name = textOf(entry).toUpperCase().replace(/^CAP_/, '');
    if (!/^[A-Z][A-Z_]+$/.test(name))
      scope.findings.mistake(`${scope.where}.${key}`, 'is not the name of a capability');
    return name;
  });
}

function readSecurityOptions(scope: ServiceScope): string[] {
  return listAt(scope.service, 'security_opt').map((entry, index) => {
    const option = textOf(entry).replace(/^([a-z-]+):/, '$1=');
    const where = `${scope.where}.security_opt[${index}]`;
    if (harmlessSecurity.test(option)) return option;
    if (/^(seccomp=(?!unconfined$)|credentialspec=)/.test(option))
      scope.findings.mistake(where, 'names a profile in a file, which is not supported');
    else
      demand(scope, where, `${scope.where}.security_opt:${option}`, `loosens what confines the container (${option})`);
    return option;
  });
}

/** `/dev/fuse`, `/dev/a:/dev/b:rwm`, or the long form; as Docker takes it, HOST:CONTAINER:PERMISSIONS. */
function readDevice(scope: ServiceScope, entry: Tree, where: string): string[] {
  const [source = '', target = source, permissions = 'rwm'] = isMap(entry)
    ? [textOf(entry.source), textOf(entry.target) || undefined, textOf(entry.permissions) || undefined]
    : textOf(entry).split(':');
  if (!/^\/dev\/[\w./-]+$/.test(source) || source.includes('..') || !/^[rwm]{1,3}$/.test(permissions)) {
    scope.findings.mistake(where, 'must be a device such as /dev/fuse');
    return [];
  }
  demand(scope, where, `${scope.where}.devices:${source}`, `uses the host's device ${source}`);
  return [`${source}:${target}:${permissions}`];
}

function readSysctls(scope: ServiceScope): Record<string, string> {
  const where = `${scope.where}.sysctls`;
  return Object.fromEntries(
    Object.entries(keyed(scope.service.sysctls ?? null) ?? {}).map(([name, value]) => {
      if (value === null) scope.findings.mistake(`${where}.${name}`, 'needs a value');
      if (!namespacedSysctl.test(name))
        scope.findings.mistake(`${where}.${name}`, "is a kernel parameter of the host, not of the container's own");
      return [name, textOf(value)];
    }),
  );
}

const namespaceKeys = { pid: 'pid', ipc: 'ipc', uts: 'uts', userns_mode: 'userns', cgroup: 'cgroup' } as const;
/** What an ordinary container has anyway. */
const ordinary: Record<string, string[]> = { ipc: ['private', 'shareable'], cgroup: ['private'] };

/** The host's namespaces where that is allowed; those of other containers never. */
function readNamespaces(scope: ServiceScope): Pick<ServicePlan, 'namespaces'> {
  const namespaces: NonNullable<ServicePlan['namespaces']> = {};
  for (const [key, name] of Object.entries(namespaceKeys)) {
    const value = textOf(scope.service[key]);
    const where = `${scope.where}.${key}`;
    if (value === '') continue;
    if (ordinary[key]?.includes(value)) {
      scope.findings.replace(where, `${value} is left to the engine: nothing else uses this container's namespace`);
    } else if (value === 'host') {
      demand(scope, where, `${where}:host`, `shares the host's ${name} namespace`);
      namespaces[name] = 'host';
    } else scope.findings.mistake(where, `shares the namespace of another container, which is not supported`);
  }
  return Object.keys(namespaces).length > 0 ? { namespaces } : {};
}
