import { homedir } from 'node:os';
import { join } from 'node:path';
import { blocksOf, defaultSubnetRange } from './engine/networks.ts';
import type { Mistake } from './errors.ts';

/** Everything greenroom is told from outside; read once, passed in, never read again. */
export interface Settings {
  /** Where the API and the ingress listen. */
  bind: string;
  port: number;
  /** How people reach greenroom, without a trailing slash. */
  publicUrl: string;
  /** Stacks answer at `<stack>.<ingressDomain>`. */
  ingressDomain: string;
  /** greenroom's own Postgres; undefined: greenroom starts one in a container. */
  databaseUrl: string | undefined;
  databaseContainer: string;
  /** Where greenroom keeps its key and the password of its own database. */
  home: string;
  /** 32 bytes that seal secrets at rest; undefined: made at the first start and kept under `home`. */
  secretKey: Buffer | undefined;
  /** Stack networks are /26 blocks of this. */
  subnetRange: string;
  helperImage: string;
  logLevel: string;
  /** Of the SSH agent that sources may be reached with. */
  sshAgentSocket: string | undefined;
  /** How large a dump may be that snapshots are captured from: it lies in the memory of the engine's machine. */
  dumpMemoryBytes: number;
  /** Operations that this process works on at once. */
  concurrency: number;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Reads the settings. @throws AggregateError with every mistake, so that a person corrects them in one go. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const mistakes: Mistake[] = [];
  const read = (name: string) => environment[name] || undefined;
  const integer = (name: string, fallback: number, min: number, max: number) => {
    const text = read(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    mistakes.push({ where: name, what: `must be a whole number from ${min} to ${max}` });
    return fallback;
  };

  const port = integer('GREENROOM_PORT', 7070, 0, 65535);
  const settings: Settings = {
    bind: read('GREENROOM_BIND') ?? '127.0.0.1',
    port,
    publicUrl: (read('GREENROOM_PUBLIC_URL') ?? `http://localhost:${port}`).replace(/\/+$/, ''),
    ingressDomain: read('GREENROOM_INGRESS_DOMAIN') ?? 'localhost',
    databaseUrl: read('DATABASE_URL'),
    databaseContainer: read('GREENROOM_DB_CONTAINER') ?? 'greenroom-db',
    home: read('GREENROOM_HOME') ?? join(read('XDG_DATA_HOME') ?? join(homedir(), '.local', 'share'), 'greenroom'),
    secretKey: undefined,
    subnetRange: read('GREENROOM_SUBNET_RANGE') ?? defaultSubnetRange,
    helperImage: read('GREENROOM_HELPER_IMAGE') ?? 'postgres:17',
    logLevel: read('GREENROOM_LOG_LEVEL') ?? 'info',
    sshAgentSocket: read('SSH_AUTH_SOCK'),
    dumpMemoryBytes: integer('GREENROOM_DUMP_MEMORY_MB', 1024, 1, 1 << 20) * 2 ** 20,
    concurrency: integer('GREENROOM_CONCURRENCY', 8, 1, 64),
  };

  const secretKey = read('GREENROOM_SECRET_KEY');
  if (secretKey !== undefined) {
    const key = Buffer.from(secretKey, 'base64');
    if (key.length === 32) settings.secretKey = key;
    else
      mistakes.push({
        where: 'GREENROOM_SECRET_KEY',
        what: 'must be 32 bytes in base64, as `openssl rand -base64 32` prints',
      });
  }
  if (!URL.canParse(settings.publicUrl)) mistakes.push({ where: 'GREENROOM_PUBLIC_URL', what: 'is not a URL' });
  if (settings.databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(settings.databaseUrl)) {
    mistakes.push({ where: 'DATABASE_URL', what: 'must start with postgres://' });
  }
  if (!logLevels.includes(settings.logLevel)) {
    mistakes.push({ where: 'GREENROOM_LOG_LEVEL', what: `must be one of ${logLevels.join(', ')}` });
  }
  try {
    blocksOf(settings.subnetRange).next();
  } catch (error) {
    mistakes.push({ where: 'GREENROOM_SUBNET_RANGE', what: (error as RangeError).message });
  }
  if (mistakes.length > 0) {
    throw new AggregateError(mistakes.map(({ where, what }) => new Error(`${where} ${what}`)));
  }
  return settings;
}
