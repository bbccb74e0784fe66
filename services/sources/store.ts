import { createHash, randomBytes } from 'node:crypto';
import type { components } from '../../openapi/types.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { Problem } from '../errors.ts';
import { parsePolicy } from '../masking/policy.ts';
import { getProject } from '../projects/projects.ts';
import type { Sealer } from '../secrets/seal.ts';
import type { Settings } from '../settings.ts';
import type { SourceAddress } from './address.ts';
import { checkLogin, shownLogin } from './ssh/login.ts';
import { checkTls } from './tls.ts';

type Schemas = components['schemas'];

interface SourceRow {
  project: string;
  name: string;
  server: string;
  database: string;
  sealed_url: Buffer;
  sealed_key: Buffer;
  key_id: string;
  policy: Schemas['MaskingPolicy'] | null;
  tls: Schemas['SourceTls'] | null;
  /** What may be shown of sealed_ssh. */
  ssh: Schemas['SourceSsh'] | null;
  sealed_ssh: Buffer | null;
  limits: Schemas['SourceLimits'] | null;
  /** host:port of sealed_replicas. */
  replicas: string[] | null;
  sealed_replicas: Buffer | null;
  schemas: string[] | null;
  created_at: Date;
}

interface Store {
  pool: Database;
  sealer: Sealer;
}

/** What a capture needs of a source; holds secrets. */
export interface OpenedSource {
  address: SourceAddress;
  key: Buffer;
  keyId: string;
  policy: Schemas['MaskingPolicy'] | undefined;
}

/**
 * Creates a source with a masking key of its own: 32 random bytes, sealed. All snapshots of a source are masked under
 * one key, so the same person has the same masked name in each.
 *
 * @throws Problem `not-found`, `invalid-request`, `policy-invalid`, `conflict`
 */
export async function createSource(
  store: Store,
  project: string,
  wish: Schemas['NewSource'],
): Promise<Schemas['Source']> {
  await getProject(store, project);
  const { server, database } = partsOf(wish.url);
  const replicas = wish.replicas?.map((url, index) => partsOf(url, `/replicas/${index}`).server);
  if (wish.policy) parsePolicy(wish.policy);
  if (wish.tls) checkTls(wish.tls);
  if (wish.ssh) checkLogin(wish.ssh);
  const key = randomBytes(32);
  const row = await queryOne<SourceRow>(store.pool, 'insert-source', [
    project,
    wish.name,
    server,
    database,
    store.sealer.seal(wish.url),
    store.sealer.seal(key),
    createHash('sha256').update(key).digest('hex').slice(0, 12),
    wish.policy ?? null,
    wish.tls ?? null,
    wish.ssh ? shownLogin(wish.ssh) : null,
    wish.ssh ? store.sealer.seal(JSON.stringify(wish.ssh)) : null,
    wish.limits ?? null,
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

/** Opens what is sealed of a source. @throws Problem `not-found` */
export async function openSourceRow(
  store: Store & { settings: Pick<Settings, 'sshAgentSocket'> },
  project: string,
  name: string,
): Promise<OpenedSource> {
  const row = await getSourceRow(store.pool, project, name);
  const { sshAgentSocket: agentSocket } = store.settings;
  return {
    address: {
      url: store.sealer.open(row.sealed_url).toString('utf8'),
      ...(row.sealed_replicas ? { replicas: JSON.parse(store.sealer.open(row.sealed_replicas).toString('utf8')) } : {}),
      ...(row.schemas ? { schemas: row.schemas } : {}),
      ...(row.tls ? { tls: row.tls } : {}),
      ...(row.sealed_ssh ? { ssh: JSON.parse(store.sealer.open(row.sealed_ssh).toString('utf8')) } : {}),
      ...(agentSocket === undefined ? {} : { agentSocket }),
      ...(row.limits ? { limits: row.limits } : {}),
    },
    key: store.sealer.open(row.sealed_key),
    keyId: row.key_id,
    policy: row.policy ?? undefined,
  };
}

export async function deleteSource(database: Database, project: string, name: string): Promise<void> {
  if (!(await queryOne(database, 'delete-source', [project, name]))) throw noSource(project, name);
}

/** @throws Problem `not-found`, `conflict` when the source has none yet. */
export async function getPolicy(database: Database, project: string, name: string): Promise<Schemas['MaskingPolicy']> {
  const { policy } = await getSourceRow(database, project, name);
  if (!policy) throw noPolicy(project, name);
  return policy;
}

/** @throws Problem `not-found`, `policy-invalid` */
export async function putPolicy(
  database: Database,
  project: string,
  name: string,
  policy: Schemas['MaskingPolicy'],
): Promise<Schemas['MaskingPolicy']> {
  parsePolicy(policy);
  const row = await queryOne(database, 'set-policy', [project, name, policy]);
  if (!row) throw noSource(project, name);
  return policy;
}

export function noPolicy(project: string, name: string): Problem {
  return new Problem('conflict', `Source ${name} has no masking policy, so nothing is captured from it`, {
    where: name,
    remedy: `PUT /v1/projects/${project}/sources/${name}/policy, with every column of every table in it.`,
  });
}

async function getSourceRow(database: Database, project: string, name: string): Promise<SourceRow> {
  const row = await queryOne<SourceRow>(database, 'get-source', [project, name]);
  if (!row) throw noSource(project, name);
  return row;
}

function noSource(project: string, name: string): Problem {
  return new Problem('not-found', `Project ${project} has no source ${name}`, {
    where: name,
    remedy: `GET /v1/projects/${project}/sources lists them.`,
  });
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
    server: row.server,
    database: row.database,
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
