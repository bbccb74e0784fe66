/** What a Compose bundle comes to: everything the engine needs to run a stack, and nothing that names one. */

/** Files of a bundle by their path relative to its root (`/` as separator), as UTF-8 text. */
export interface Bundle {
  files: Record<string, string>;
  /** The Compose files in order of precedence, later ones override earlier ones; paths into `files`. */
  composeFiles: string[];
}

/** What replaces `image` and adds to `environment`, by service. */
export interface ReleaseService {
  image?: string;
  variables?: Record<string, string>;
}

export interface StackPlan {
  /** In dependency order: a service comes after everything it depends on. The migrations service is among them. */
  services: ServicePlan[];
  networks: NetworkPlan[];
  volumes: VolumePlan[];
  greenroom: GreenroomSection;
  /** Every key that was not honoured as it stands. */
  replaced: Replacement[];
}

export interface Replacement {
  /** `services.frontend.ports` */
  where: string;
  what: string;
}

export interface ServicePlan {
  name: string;
  image: string;
  /** Undefined leaves the image's own, an empty list clears it. */
  command?: string[];
  entrypoint?: string[];
  environment: Record<string, string>;
  user?: string;
  workingDir?: string;
  hostname?: string;
  domainname?: string;
  init: boolean;
  tty: boolean;
  stdinOpen: boolean;
  readOnly: boolean;
  privileged: boolean;
  /** The host's namespaces that the administrator allowed it to share. */
  namespaces?: { pid?: 'host'; ipc?: 'host'; uts?: 'host'; userns?: 'host'; cgroup?: 'host' };
  labels: Record<string, string>;
  stopSignal?: string;
  stopGracePeriodMs?: number;
  restart: { policy: 'no' | 'always' | 'on-failure' | 'unless-stopped'; maxRetries?: number };
  /** `test` as Docker takes it: ['CMD', …], ['CMD-SHELL', '…'] or ['NONE']. Durations are undefined where the image's or Docker's default holds. */
  healthcheck?: {
    test?: string[];
    intervalMs?: number;
    timeoutMs?: number;
    startPeriodMs?: number;
    startIntervalMs?: number;
    retries?: number;
  };
  dependsOn: Dependency[];
  /** The first is the one that the container is created on. The service's own name comes on top of the aliases. */
  networks: { name: string; aliases: string[] }[];
  mounts: Mount[];
  memoryBytes?: number;
  memoryReservationBytes?: number;
  cpus?: number;
  pidsLimit?: number;
  shmSizeBytes?: number;
  capAdd: string[];
  capDrop: string[];
  securityOpt: string[];
  devices: string[];
  groupAdd: string[];
  ulimits: { name: string; soft: number; hard: number }[];
  sysctls: Record<string, string>;
  extraHosts: string[];
  dns: string[];
  dnsSearch: string[];
  dnsOptions?: string[];
  /** `container:` is greenroom's own, a file cannot say it. */
  networkMode?: 'none' | `container:${string}`;
  /** Changes when, and only when, anything that a container is created from changes (image reference included). */
  configHash: string;
}

export interface Dependency {
  service: string;
  condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
  required: boolean;
}

export type Mount =
  /** `volume` is a key of the plan's volumes; undefined is an anonymous volume. */
  | { type: 'volume'; volume?: string; target: string; readOnly: boolean; noCopy: boolean }
  | { type: 'tmpfs'; target: string; sizeBytes?: number; mode?: number }
  /** A host path; only where the project's administrator allowed that very path. */
  | { type: 'bind'; source: string; target: string; readOnly: boolean }
  /** A file of the bundle, a config or a secret, copied into the container before it starts. */
  | { type: 'file'; content: string; target: string; mode: number; uid: number; gid: number };

export interface NetworkPlan {
  name: string;
  internal: boolean;
  labels: Record<string, string>;
  /** The file calls it external: the stack gets one of its own under that name. */
  external: boolean;
}

export interface VolumePlan {
  name: string;
  labels: Record<string, string>;
}

/** The `x-greenroom` section. */
export interface GreenroomSection {
  database?: DatabaseSection;
  migrations?: { service: string; command: string[] };
  ingress: IngressRoute[];
}

export interface DatabaseSection {
  service: string;
  /** The database's name. */
  name: string;
  schema: string;
  /** The login role that owns the database's objects; its password is set on every clone. */
  owner?: LoginRole;
  /** Further login roles that services use. */
  roles: LoginRole[];
}

export interface LoginRole {
  role: string;
  password: string;
}

export interface IngressRoute {
  service: string;
  port: number;
  /** Starts with `/`; the longest matching path wins. */
  path: string;
  stripPrefix: boolean;
}
