import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { components } from '../../openapi/types.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
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

/** What a source is reached and read by, as it was asked for; holds secrets. */
type SourceParts = Omit<Schemas['NewSource'], 'name' | 'policy'>;

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
  const columns = checkedColumns(store.sealer, wish);
  if (wish.policy) parsePolicy(wish.policy);
  const key = randomBytes(32);
  const { url } = wish;
  const schema = wish.policy && url ? await schemaIfReachable({ ...addressOf(store, wish), url }) : undefined;
  const row = await queryOne<SourceRow>(store.pool, 'insert-source', [
    project,
    wish.name,
    columns.server,
    columns.database,
    columns.sealed_url,
    store.sealer.seal(key),
    keyId(key),
    wish.policy ?? null,
    columns.tls,
    columns.ssh,
    columns.sealed_ssh,
    columns.limits,
    columns.dump,
    schema ?? null,
    columns.replicas,
    columns.sealed_replicas,
    columns.schemas,
  ]);
  if (!row) {
    throw new Problem('conflict', `Project ${project} has a source ${wish.name} already`, { where: '/name' });
  }
  return toSource(row);
}

/**
 * Changes how a source is reached and read: what is given replaces the whole field, null removes it. Key, policy and the
 * schema that is remembered stay, so what is captured is masked as before and the next capture tells what is different.
 * Two changes at once wait for each other, and both count.
 *
 * @returns the source, and the names of the fields that are others now
 * @throws Problem `not-found`, `invalid-request`, `conflict` when it would be read in another way while it is captured
 */
export async function updateSource(
  { pool, sealer }: Store & { pool: pg.Pool },
  project: string,
  name: string,
  change: Schemas['SourceChange'],
): Promise<{ source: Schemas['Source']; changed: string[] }> {
  return inTransaction(pool, async (client) => {
    const row = await queryOne<SourceRow & { is_captured: boolean }>(client, 'lock-source', [project, name]);
    if (!row) throw noSource(project, name);
    const before = openParts(sealer, row);
    const after = withChange(before, change);
    const columns = checkedColumns(sealer, after);
    if (row.is_captured && wayOf(before) !== wayOf(after)) {
      // Its capture was asked for, and maybe its dump sent, to be read the way it is now.
      throw new Problem('conflict', `Source ${name} is being captured as ${wayOf(before)}`, {
        where: name,
        remedy: 'Wait until its captures have ended, or cancel them.',
      });
    }
    const updated = await queryOne<SourceRow>(client, 'update-source', [
      project,
      name,
      columns.server,
      columns.database,
      columns.sealed_url,
      columns.dump,
      columns.replicas,
      columns.sealed_replicas,
      columns.schemas,
      columns.tls,
      columns.ssh,
      columns.sealed_ssh,
      columns.limits,
    ]);
    const given = Object.keys(change) as (keyof SourceParts)[];
    return {
      source: toSource(updated!),
      changed: given.filter((field) => !isDeepStrictEqual(before[field], after[field])),
    };
  });
}

function withChange(parts: SourceParts, change: Schemas['SourceChange']): SourceParts {
  return Object.fromEntries(Object.entries({ ...parts, ...change }).filter(([, value]) => value !== null));
}

function wayOf({ dump }: SourceParts): string {
  if (!dump) return 'a server';
  return dump.onHost === undefined ? 'a dump that is sent' : 'a dump on a host';
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
  return {
    address: addressOf(store, openParts(store.sealer, row)),
    key: open(store.sealer, row.name, row.sealed_key),
    keyId: row.key_id,
    policy: row.policy ?? undefined,
    maskingLocale: row.masking_locale ?? undefined,
    knownSchema: row.known_schema ?? undefined,
    schemaKnownAt: row.schema_known_at ?? undefined,
    dump: row.dump ?? undefined,
    foundSchema: row.found_schema ?? undefined,
  };
}

/** What a source was made of, and changed to. @throws Problem `internal` when it was sealed with another secret */
function openParts(sealer: Sealer, row: SourceRow): SourceParts {
  const { name, sealed_url, sealed_replicas, sealed_ssh, dump, schemas, tls, limits } = row;
  const opened = (sealed: Buffer) => open(sealer, name, sealed).toString('utf8');
  return {
    ...(sealed_url ? { url: opened(sealed_url) } : {}),
    ...(dump ? { dump } : {}),
    ...(sealed_replicas ? { replicas: JSON.parse(opened(sealed_replicas)) } : {}),
    ...(schemas ? { schemas } : {}),
    ...(tls ? { tls } : {}),
    ...(sealed_ssh ? { ssh: JSON.parse(opened(sealed_ssh)) } : {}),
    ...(limits ? { limits } : {}),
  };
}

function open(sealer: Sealer, source: string, sealed: Buffer): Buffer {
  try {
    return sealer.open(sealed);
  } catch (cause) {
    throw new Problem('internal', `What is sealed of source ${source} cannot be opened with greenroom’s secret`, {
      where: source,
      remedy: 'Start greenroom with the secret that the source was made with, or make the source again.',
      cause,
    });
  }
}

function addressOf(
  { settings: { sshAgentSocket: agentSocket } }: Pick<Opener, 'settings'>,
  parts: SourceParts,
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
    remedy: `POST /v1/projects/${project}/sources/${name}/policy/suggestion proposes one; PUT …/policy sets it, with every column of every table in it.`,
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

/**
 * What a source is reached and read by as its row keeps it: what is secret sealed, and beside it what may be shown of it.
 * @throws Problem `invalid-request` for what cannot be read, could never be reached, or does not go together
 */
function checkedColumns(sealer: Sealer, parts: SourceParts) {
  const { url, dump, replicas, schemas, tls, ssh, limits } = parts;
  checkKind(parts);
  const named = url === undefined ? undefined : partsOf(url);
  const servers = replicas?.map((replica, index) => partsOf(replica, `/replicas/${index}`).server);
  if (tls) checkTls(tls);
  if (ssh) checkLogin(ssh);
  return {
    server: named?.server ?? null,
    database: named?.database ?? null,
    sealed_url: url === undefined ? null : sealer.seal(url),
    dump: dump ?? null,
    replicas: servers ?? null,
    sealed_replicas: replicas ? sealer.seal(JSON.stringify(replicas)) : null,
    schemas: schemas ?? null,
    tls: tls ?? null,
    ssh: ssh ? shownLogin(ssh) : null,
    sealed_ssh: ssh ? sealer.seal(JSON.stringify(ssh)) : null,
    limits: limits ?? null,
  } satisfies Partial<SourceRow>;
}

/** A source is a server or a dump. @throws Problem `invalid-request` */
function checkKind({ url, dump, ssh, tls }: SourceParts): void {
  const invalid = (detail: string, where: string, remedy: string) =>
    new Problem('invalid-request', detail, { where, remedy });
  if (url !== undefined && dump)
    throw invalid(
      'A source is a server or a dump, not both',
      '/dump',
      'Leave one out; of a source that is there, null removes it.',
    );
  if (url === undefined && !dump) throw invalid('It is neither a server nor a dump', '/url', 'Give url or dump.');
  if (!dump) return;
  if (tls) throw invalid('A dump is not reached by TLS', '/tls', 'Leave tls out.');
  if (dump.onHost !== undefined && !ssh)
    throw invalid('There is no SSH host that the dump could be on', '/ssh', 'Give ssh, or leave dump.onHost out.');
  if (dump.onHost === undefined && ssh)
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
