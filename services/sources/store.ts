import { randomBytes } from 'node:crypto';
import type { components } from '../../openapi/types.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { Problem } from '../errors.ts';
import { keyId } from '../masking/keyed/key.ts';
import { parsePolicy } from '../masking/policy/policy.ts';
import type { SourceSchema } from '../masking/policy/schema-changes.ts';
import { getProject } from '../projects/projects.ts';
import type { Sealer } from '../secrets/seal.ts';
import type { Settings } from '../settings.ts';
import type { SourceAddress } from './address.ts';
import { schemaIfReachable } from './schema.ts';
import { checkLogin, shownLogin } from './ssh/login.ts';
import { checkTls } from './tls.ts';

type Schemas = components['schemas'];

interface SourceRow {
  project: string;
  name: string;
  /** These are of a server. */
  server: string | null;
  database: string | null;
  sealed_url: Buffer | null;
  dump: Schemas['SourceDump'] | null;
  sealed_key: Buffer;
  key_id: string;
  policy: Schemas['MaskingPolicy'] | null;
  tls: Schemas['SourceTls'] | null;
  /** What may be shown of sealed_ssh. */
  ssh: Schemas['SourceSsh'] | null;
  sealed_ssh: Buffer | null;
  limits: Schemas['SourceLimits'] | null;
  known_schema: SourceSchema | null;
  schema_known_at: Date | null;
  found_schema: SourceSchema | null;
  /** host:port of sealed_replicas. */
  replicas: string[] | null;
  sealed_replicas: Buffer | null;
  schemas: string[] | null;
  created_at: Date;
}

/** Read together with what its project says. */
type SourceRowRead = SourceRow & { masking_locale: string | null };

export interface Store {
  pool: Database;
  sealer: Sealer;
}

/** What opens a source's seals and reaches it. */
export type Opener = Store & { settings: Pick<Settings, 'sshAgentSocket'> };

/** What a capture needs of a source; holds secrets. */
export interface OpenedSource {
  address: SourceAddress;
  key: Buffer;
  keyId: string;
  policy: Schemas['MaskingPolicy'] | undefined;
  /** Whose words masked values are made of where the policy says none. */
  maskingLocale: string | undefined;
  /** The schema that the policy was set for or that was captured last; undefined where it was never read. */
  knownSchema: SourceSchema | undefined;
  schemaKnownAt: Date | undefined;
}

/** A source of either kind: of a dump, `address` says but how it is fetched, and how gently. */
export interface AnySource extends Omit<OpenedSource, 'address'> {
  address: Omit<SourceAddress, 'url'> & { url?: string };
  dump: Schemas['SourceDump'] | undefined;
  /** The schema of the last dump, where its capture failed. */
  foundSchema: SourceSchema | undefined;
}

/**
 * Creates a source with a masking key of its own: 32 random bytes, sealed. All snapshots of a source are masked under
 * one key, so the same person has the same masked name in each. With a policy, the source's schema is remembered as the one
 * that it is for; where the source cannot be reached yet, the first capture takes the schema that it finds.
 *
 * @throws Problem `not-found`, `invalid-request`, `policy-invalid`, `conflict`
 */
export async function createSource(
  store: Opener,
  project: string,
  wish: Schemas['NewSource'],
): Promise<Schemas['Source']> {
  await getProject(store, project);
  const { server, database } = wish.url === undefined ? {} : partsOf(wish.url);
  if (wish.dump) checkDump(wish);
  const replicas = wish.replicas?.map((url, index) => partsOf(url, `/replicas/${index}`).server);
  if (wish.policy) parsePolicy(wish.policy);
  if (wish.tls) checkTls(wish.tls);
  if (wish.ssh) checkLogin(wish.ssh);
  const key = randomBytes(32);
  const { url } = wish;
  const schema = wish.policy && url ? await schemaIfReachable({ ...addressOf(store, wish), url }) : undefined;
  const row = await queryOne<SourceRow>(store.pool, 'insert-source', [
    project,
    wish.name,
    server ?? null,
    database ?? null,
    wish.url === undefined ? null : store.sealer.seal(wish.url),
    store.sealer.seal(key),
    keyId(key),
    wish.policy ?? null,
    wish.tls ?? null,
    wish.ssh ? shownLogin(wish.ssh) : null,
    wish.ssh ? store.sealer.seal(JSON.stringify(wish.ssh)) : null,
    wish.limits ?? null,
    wish.dump ?? null,
    schema ?? null,
    replicas ?? null,
    wish.replicas ? store.sealer.seal(JSON.stringify(wish.replicas)) : null,
    wish.schemas ?? null,
  ]);
  if (!row) {
    throw new Problem('conflict', `Project ${project} has a source ${wish.name} already`, { where: '/name' });
  }
  return toSource(row);
}

export async function listSources(store: Store, project: string): Promise<Schemas['Source'][]> {
  await getProject(store, project);
  return (await query<SourceRow>(store.pool, 'list-sources', [project])).map(toSource);
}

export async function getSource(database: Database, project: string, name: string): Promise<Schemas['Source']> {
  return toSource(await getSourceRow(database, project, name));
}

/** Opens what is sealed of a source that is a server. @throws as `openAnySource`, and `source-refused` when it is a dump */
export async function openSourceRow(store: Opener, project: string, name: string): Promise<OpenedSource> {
  const { dump, foundSchema: _, address, ...source } = await openAnySource(store, project, name);
  const { url } = address;
  if (url !== undefined) return { ...source, address: { ...address, url } };
  throw new Problem('source-refused', `Source ${name} is a dump: there is no server that could be asked`, {
    where: name,
    remedy: 'Ask a source that has a URL.',
  });
}

/** Opens what is sealed of a source of either kind. @throws Problem `not-found`, `internal` when it was sealed with another secret */
export async function openAnySource(store: Opener, project: string, name: string): Promise<AnySource> {
  const row = await getSourceRow(store.pool, project, name);
  const open = (sealed: Buffer) => {
    try {
      return store.sealer.open(sealed);
    } catch (cause) {
      throw new Problem('internal', `What is sealed of source ${name} cannot be opened with greenroom’s secret`, {
        where: name,
        remedy: 'Start greenroom with the secret that the source was made with, or make the source again.',
        cause,
      });
    }
  };
  return {
    address: addressOf(store, {
      ...(row.sealed_url ? { url: open(row.sealed_url).toString('utf8') } : {}),
      tls: row.tls,
      ssh: row.sealed_ssh ? JSON.parse(open(row.sealed_ssh).toString('utf8')) : null,
      limits: row.limits,
      replicas: row.sealed_replicas ? JSON.parse(open(row.sealed_replicas).toString('utf8')) : null,
      schemas: row.schemas,
    }),
    key: open(row.sealed_key),
    keyId: row.key_id,
    policy: row.policy ?? undefined,
    maskingLocale: row.masking_locale ?? undefined,
    knownSchema: row.known_schema ?? undefined,
    schemaKnownAt: row.schema_known_at ?? undefined,
    dump: row.dump ?? undefined,
    foundSchema: row.found_schema ?? undefined,
  };
}

function addressOf(
  { settings: { sshAgentSocket: agentSocket } }: Pick<Opener, 'settings'>,
  parts: { [Part in 'url' | 'tls' | 'ssh' | 'limits' | 'replicas' | 'schemas']?: SourceAddress[Part] | null },
): AnySource['address'] {
  const { url, tls, ssh, limits, replicas, schemas } = parts;
  return {
    ...(url ? { url } : {}),
    ...(replicas ? { replicas } : {}),
    ...(schemas ? { schemas } : {}),
    ...(tls ? { tls } : {}),
    ...(ssh ? { ssh } : {}),
    ...(agentSocket === undefined ? {} : { agentSocket }),
    ...(limits ? { limits } : {}),
  };
}

export async function deleteSource(database: Database, project: string, name: string): Promise<void> {
  if (!(await queryOne(database, 'delete-source', [project, name]))) throw noSource(project, name);
}

/**
 * Gives a source another masking key: whatever is captured from then on is masked otherwise. What was captured stays as it is.
 * @returns the source with its new key's id, and the id of the key before. @throws Problem `not-found`
 */
export async function rotateKey(
  store: Store,
  project: string,
  name: string,
): Promise<{ source: Schemas['Source']; keyIdBefore: string }> {
  const key = randomBytes(32);
  const row = await queryOne<SourceRow & { key_id_before: string }>(store.pool, 'rotate-key', [
    project,
    name,
    store.sealer.seal(key),
    keyId(key),
  ]);
  if (!row) throw noSource(project, name);
  return { source: toSource(row), keyIdBefore: row.key_id_before };
}

/** @throws Problem `not-found`, `conflict` when the source has none yet. */
export async function getPolicy(database: Database, project: string, name: string): Promise<Schemas['MaskingPolicy']> {
  const { policy } = await getSourceRow(database, project, name);
  if (!policy) throw noPolicy(project, name);
  return policy;
}

export function noPolicy(project: string, name: string): Problem {
  return new Problem('conflict', `Source ${name} has no masking policy, so nothing is captured from it`, {
    where: name,
    remedy: `PUT /v1/projects/${project}/sources/${name}/policy, with every column of every table in it.`,
  });
}

async function getSourceRow(database: Database, project: string, name: string): Promise<SourceRowRead> {
  const row = await queryOne<SourceRowRead>(database, 'get-source', [project, name]);
  if (!row) throw noSource(project, name);
  return row;
}

export function noSource(project: string, name: string): Problem {
  return new Problem('not-found', `Project ${project} has no source ${name}`, {
    where: name,
    remedy: `GET /v1/projects/${project}/sources lists them.`,
  });
}

/** @throws Problem `invalid-request` */
function checkDump({ dump, ssh, tls }: Schemas['NewSource']): void {
  const invalid = (detail: string, where: string, remedy: string) =>
    new Problem('invalid-request', detail, { where, remedy });
  if (tls) throw invalid('A dump is not reached by TLS', '/tls', 'Leave tls out.');
  if (dump?.onHost !== undefined && !ssh)
    throw invalid('There is no SSH host that the dump could be on', '/ssh', 'Give ssh, or leave dump.onHost out.');
  if (dump?.onHost === undefined && ssh)
    throw invalid(
      'It is not said where on the SSH host the dump is',
      '/dump/onHost',
      'Give its path, or leave ssh out.',
    );
}

function partsOf(text: string, where = '/url'): { server: string; database: string } {
  const invalid = (what: string) => new Problem('invalid-request', `The source's URL ${what}`, { where });
  if (!URL.canParse(text))
    throw invalid('cannot be read; percent-encode what is not a letter or digit in its password');
  const url = new URL(text);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (url.hostname === '') throw invalid('names no host');
  if (database === '') throw invalid('names no database');
  return { server: `${url.hostname}:${url.port || 5432}`, database };
}

function toSource(row: SourceRow): Schemas['Source'] {
  return {
    name: row.name,
    project: row.project,
    ...(row.server === null ? {} : { server: row.server }),
    ...(row.database === null ? {} : { database: row.database }),
    ...(row.dump ? { dump: row.dump } : {}),
    createdAt: row.created_at.toISOString(),
    hasPolicy: row.policy !== null,
    keyId: row.key_id,
    ...(row.replicas ? { replicas: row.replicas } : {}),
    ...(row.schemas ? { schemas: row.schemas } : {}),
    ...(row.tls ? { tls: row.tls } : {}),
    ...(row.ssh ? { ssh: row.ssh } : {}),
    ...(row.limits ? { limits: row.limits } : {}),
  };
}
