import type { components } from '../../openapi/types.ts';
import type { ReleaseService } from '../compose/plan.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import type { Host } from '../engine/host.ts';
import { resolveImage } from '../engine/images.ts';
import { Problem } from '../errors.ts';
import { planOf } from '../projects/projects.ts';
import type { Sealer } from '../secrets/seal.ts';

type Schemas = components['schemas'];

interface ReleaseRow {
  project: string;
  version: string;
  commit: string | null;
  images: Record<string, string>;
  resolved: Record<string, string>;
  variables: Record<string, string[]>;
  sealed_services: Buffer;
  created_by: string;
  created_at: Date;
}

interface Store {
  pool: Database;
  sealer: Sealer;
}

/**
 * Records a release; the project's Compose file must load with its images and variables in it. Its images are pinned:
 * what a tag names now is what the release runs for ever.
 * @throws Problem `not-found`, `compose-invalid`, or `conflict` when the version is taken: a release is immutable.
 */
export async function createRelease(
  store: Store & { hosts: ReadonlyMap<string, Host> },
  project: string,
  wish: Schemas['ReleaseOfStack'],
  by: string,
): Promise<Schemas['Release']> {
  const services = wish.services ?? {};
  await planOf(store, project, services);
  const entries = Object.entries(services);
  const resolved = await resolveImages(store.hosts, services);
  const pinned = Object.fromEntries(
    entries.map(([name, service]) => [name, { ...service, ...optional('image', resolved[name] ?? service.image) }]),
  );
  const row = await queryOne<ReleaseRow>(store.pool, 'insert-release', [
    project,
    wish.version,
    wish.commit ?? null,
    Object.fromEntries(entries.flatMap(([name, { image }]) => (image ? [[name, image]] : []))),
    Object.fromEntries(entries.map(([name, { variables }]) => [name, Object.keys(variables ?? {})])),
    store.sealer.seal(JSON.stringify(pinned)),
    by,
    resolved,
  ]);
  if (row) return toRelease(row);
  throw new Problem('conflict', `Project ${project} has a release ${wish.version} already`, {
    where: '/version',
    remedy: 'A release is what was built once: give the new one a version of its own, or delete the old one.',
  });
}

export async function listReleases(database: Database, project: string): Promise<Schemas['Release'][]> {
  return (await query<ReleaseRow>(database, 'list-releases', [project])).map(toRelease);
}

/** @throws Problem `not-found` */
export async function getRelease(database: Database, project: string, version: string): Promise<Schemas['Release']> {
  return toRelease(await getReleaseRow(database, project, version));
}

/** @throws Problem `not-found` */
export async function deleteRelease(database: Database, project: string, version: string): Promise<void> {
  if (!(await queryOne(database, 'delete-release', [project, version]))) throw noRelease(project, version);
}

/** What differs between two releases, by service; values of variables are compared and never shown. @throws Problem `not-found` */
export async function diffReleases(
  store: Store,
  project: string,
  from: string,
  to: string,
): Promise<Schemas['ReleaseDiff']> {
  const rows = await Promise.all([from, to].map((version) => getReleaseRow(store.pool, project, version)));
  const [before, after] = rows.map((row) => servicesOf(store.sealer, row)) as [Services, Services];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const services = names.flatMap((service) => {
    const [old, now] = [before[service] ?? {}, after[service] ?? {}];
    const [oldValues, newValues] = [old.variables ?? {}, now.variables ?? {}];
    const variables = [...new Set([...Object.keys(oldValues), ...Object.keys(newValues)])]
      .sort()
      .flatMap((name): Schemas['ReleaseDiff']['services'][number]['variables'] => {
        if (oldValues[name] === newValues[name]) return [];
        const change = !(name in oldValues) ? 'added' : !(name in newValues) ? 'removed' : 'changed';
        return [{ name, change }];
      });
    const [oldName, newName] = rows.map(({ images }) => images[service]);
    const pinned = { ...optional('from', old.image), ...optional('to', now.image) };
    const image =
      old.image === now.image
        ? {}
        : { image: { ...optional('from', oldName), ...optional('to', newName), resolved: pinned } };
    return variables.length === 0 && !('image' in image) ? [] : [{ service, ...image, variables }];
  });
  const commits = { ...optional('from', rows[0]!.commit), ...optional('to', rows[1]!.commit) };
  return { from, to, ...(Object.keys(commits).length > 0 ? { commits } : {}), services };
}

/** A release as a request names it: whole, or only the version of one on record. */
export async function resolveRelease(
  store: Store,
  project: string,
  wish: Schemas['ReleaseOfStack'],
): Promise<{ version: string; commit?: string; services: Services }> {
  const { version, commit, services } = wish;
  const row = services ? undefined : await queryOne<ReleaseRow>(store.pool, 'get-release', [project, version]);
  if (!row) return { version, ...(commit ? { commit } : {}), services: services ?? {} };
  return { version, ...(row.commit ? { commit: row.commit } : {}), services: servicesOf(store.sealer, row) };
}

/** @throws Problem `not-found` */
export async function getReleaseServices(store: Store, project: string, version: string): Promise<Services> {
  return servicesOf(store.sealer, await getReleaseRow(store.pool, project, version));
}

type Services = Record<string, ReleaseService>;

async function resolveImages(hosts: ReadonlyMap<string, Host>, services: Services): Promise<Record<string, string>> {
  const host = [...hosts.values()][0]!;
  const references = [...new Set(Object.values(services).flatMap(({ image }) => image ?? []))];
  const found = new Map(
    await Promise.all(references.map(async (one) => [one, await resolveImage(host, one)] as const)),
  );
  return Object.fromEntries(
    Object.entries(services).flatMap(([name, { image }]) => {
      const resolved = image === undefined ? undefined : found.get(image);
      return resolved === undefined ? [] : [[name, resolved]];
    }),
  );
}

async function getReleaseRow(database: Database, project: string, version: string): Promise<ReleaseRow> {
  const row = await queryOne<ReleaseRow>(database, 'get-release', [project, version]);
  if (!row) throw noRelease(project, version);
  return row;
}

function noRelease(project: string, version: string): Problem {
  return new Problem('not-found', `Project ${project} has no release ${version}`, {
    where: version,
    remedy: `GET /v1/projects/${project}/releases lists them.`,
  });
}

function servicesOf(sealer: Sealer, row: ReleaseRow): Services {
  return JSON.parse(sealer.open(row.sealed_services).toString('utf8'));
}

function optional<Key extends string>(key: Key, value: string | null | undefined): { [key in Key]?: string } {
  return value ? ({ [key]: value } as { [key in Key]: string }) : {};
}

function toRelease(row: ReleaseRow): Schemas['Release'] {
  const names = [...new Set([...Object.keys(row.images), ...Object.keys(row.variables)])].sort();
  return {
    project: row.project,
    version: row.version,
    ...optional('commit', row.commit),
    services: Object.fromEntries(
      names.map((name) => [
        name,
        {
          ...optional('image', row.images[name]),
          ...optional('resolved', row.resolved[name]),
          variableNames: row.variables[name] ?? [],
        },
      ]),
    ),
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
  };
}
