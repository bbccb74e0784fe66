import { honoured, type KeyTable, refused, replaced, when } from './handling.ts';
import { replicas, serviceKeys } from './service.ts';

const address = 'the engine gives addresses of its own, so that several stacks can run';
const swarm = 'only has a meaning in a Swarm';
const ownName = "a name of the stack's own is used, so that several stacks can run";
const devices = "the host's devices are not given to stacks";
const external = 'greenroom has no store of configs and secrets';

/** What `driver` may be for a network: containers of a stack are on bridges of its own. */
function networkDriver(value: unknown): string | undefined {
  if (value === null || value === '' || value === 'bridge' || value === 'default') return undefined;
  return `the network driver ${String(value).slice(0, 40)} is not used: a stack's networks are bridges of its own`;
}

/**
 * One table an object of the Compose schema, named by where it stands: `service.deploy.resources.limits` is what is
 * under that key of a service. A key that is in no table is refused as not supported.
 */
export const keyTables: Record<string, KeyTable> = {
  file: {
    version: replaced('is obsolete, as in Compose'),
    name: replaced("the stack's own name is used"),
    include: honoured,
    services: honoured,
    models: refused('language models are not run'),
    networks: honoured,
    volumes: honoured,
    secrets: honoured,
    configs: honoured,
  },
  'file.include': { path: honoured, env_file: honoured, project_directory: honoured },
  'file.networks': {
    name: replaced(ownName),
    driver: refused(networkDriver, 'leave the driver out'),
    driver_opts: replaced('are not set'),
    ipam: replaced(address),
    external: replaced(when("the stack gets a network of its own under this name: others' networks are out of reach")),
    internal: honoured,
    enable_ipv4: replaced((value) => (value === false || value === 'false' ? 'IPv4 stays on' : undefined)),
    enable_ipv6: replaced(when('IPv6 stays off')),
    attachable: replaced(when('nothing outside of the stack is attached')),
    labels: honoured,
  },
  'file.volumes': {
    name: replaced(ownName),
    driver: refused(
      (value) => (value === null || value === '' || value === 'local' ? undefined : 'only local volumes are made'),
      'leave the driver out',
    ),
    driver_opts: refused(
      (value) =>
        value !== null && Object.keys(value).length === 0
          ? undefined
          : 'a volume with options of its driver can be any folder of the host',
      'leave them out; for memory, mount a tmpfs',
    ),
    external: replaced(when("the stack gets an empty volume of its own under this name: others' data is out of reach")),
    labels: honoured,
  },
  'file.secrets': {
    name: replaced(ownName),
    environment: honoured,
    file: honoured,
    external: refused(when(external), 'give it as a variable: secrets: { NAME: { environment: VARIABLE } }'),
    labels: replaced('are not set: a secret is a file in the container'),
    driver: refused(external),
    driver_opts: refused(external),
    template_driver: refused(external),
  },
  'file.configs': {
    name: replaced(ownName),
    content: honoured,
    environment: honoured,
    file: honoured,
    external: refused(when(external), 'give its content, or a file of the bundle'),
    labels: replaced('are not set: a config is a file in the container'),
    template_driver: refused(external),
  },
  service: serviceKeys,
  'service.env_file': { path: honoured, format: honoured, required: honoured },
  'service.extends': { service: honoured, file: honoured },
  'service.configs': { source: honoured, target: honoured, uid: honoured, gid: honoured, mode: honoured },
  'service.secrets': { source: honoured, target: honoured, uid: honoured, gid: honoured, mode: honoured },
  'service.devices': { source: honoured, target: honoured, permissions: honoured },
  'service.ulimits': { soft: honoured, hard: honoured },
  'service.depends_on': {
    condition: honoured,
    required: honoured,
    restart: replaced(when('a service is not restarted because what it depends on was')),
  },
  'service.healthcheck': {
    disable: honoured,
    interval: honoured,
    retries: honoured,
    test: honoured,
    timeout: honoured,
    start_period: honoured,
    start_interval: honoured,
  },
  'service.networks': {
    aliases: honoured,
    priority: honoured,
    interface_name: replaced('the engine names interfaces'),
    ipv4_address: replaced(address),
    ipv6_address: replaced(address),
    link_local_ips: replaced(address),
    mac_address: replaced(address),
    driver_opts: replaced('are not set'),
    gw_priority: replaced('the engine chooses the gateway'),
  },
  'service.volumes': {
    type: honoured,
    source: honoured,
    target: honoured,
    read_only: honoured,
    consistency: replaced('only has a meaning in Docker Desktop'),
    bind: honoured,
    volume: honoured,
    tmpfs: honoured,
    image: refused('images are not mounted'),
  },
  'service.volumes.bind': {
    propagation: honoured,
    create_host_path: honoured,
    recursive: replaced('no host folder is mounted'),
    selinux: replaced('no file of the host is relabelled'),
  },
  'service.volumes.volume': {
    labels: replaced('are not set: label the volume under volumes'),
    nocopy: honoured,
    subpath: refused('a part of a volume cannot be mounted', 'use a volume of its own'),
  },
  'service.volumes.tmpfs': { size: honoured, mode: honoured },
  'service.deploy': {
    mode: replaced((value) => (value === 'replicated' ? undefined : 'one container is run')),
    endpoint_mode: replaced(swarm),
    replicas: replaced(replicas),
    labels: replaced(swarm),
    rollback_config: replaced(swarm),
    update_config: replaced(swarm),
    resources: honoured,
    restart_policy: honoured,
    placement: replaced(swarm),
  },
  'service.deploy.resources': { limits: honoured, reservations: honoured },
  'service.deploy.resources.limits': { cpus: honoured, memory: honoured, pids: honoured },
  'service.deploy.resources.reservations': {
    cpus: replaced('processors are not reserved on a staging host'),
    memory: honoured,
    generic_resources: refused(devices),
    devices: refused(devices),
  },
  'service.deploy.restart_policy': {
    condition: honoured,
    max_attempts: honoured,
    delay: replaced("the engine's own pauses between restarts apply"),
    window: replaced("the engine's own pauses between restarts apply"),
  },
};

/** Keys whose value is a map of names, each to an object of that kind. */
export const named = new Set([
  'file.services',
  'file.networks',
  'file.volumes',
  'file.secrets',
  'file.configs',
  'service.networks',
  'service.depends_on',
  'service.ulimits',
]);
