import type { components } from '../../openapi/types.ts';
import { loadCompose } from '../compose/load.ts';
import type { Bundle, ReleaseService, StackPlan } from '../compose/plan.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { Problem } from '../errors.ts';
import { locales } from '../masking/locales.ts';
import { checkAsked } from '../rehearsals/asked.ts';
import type { Sealer } from '../secrets/seal.ts';

type Schemas = components['schemas'];

interface ProjectRow {
  name: string;
  bundle: Bundle;
  sealed_variables: Buffer;
  profiles: string[];
  allow: string[];
  rehearsal: Schemas['RehearsalWishes'];
  masking_locale: string | null;
  created_at: Date;
  updated_at: Date;
}

interface Store {
  pool: Database;
  sealer: Sealer;
}

const composeFileNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const overrideNames = [
  'compose.override.yaml',
  'compose.override.yml',
  'docker-compose.override.yaml',
  'docker-compose.override.yml',
];

/**
 * Creates a project; its bundle must load as it stands.
 * @throws Problem `compose-invalid` with every mistake, `invalid-request`, `conflict` when the name is taken.
 */
export async function createProject(store: Store, wish: Schemas['NewProject']): Promise<Schemas['Project']> {
  const values = valuesOf(store.sealer, wish);
  loadBundle(wish);
  const row = await queryOne<ProjectRow>(store.pool, 'insert-project', [wish.name, ...values]);
  if (!row) {
    throw new Problem('conflict', `There is a project ${wish.name} already`, {
      where: '/name',
      remedy: `PUT /v1/projects/${wish.name} replaces its definition.`,
    });
  }
  return toProject(store.sealer, row);
}

/** Replaces a project's definition. @throws as createProject, and `not-found`. */
export async function updateProject(
  store: Store,
  name: string,
  wish: Schemas['ProjectDefinition'],
): Promise<Schemas['Project']> {
  const values = valuesOf(store.sealer, wish);
  loadBundle(wish);
  const row = await queryOne<ProjectRow>(store.pool, 'update-project', [name, ...values]);
  if (!row) throw noProject(name);
  return toProject(store.sealer, row);
}

export async function listProjects(store: Store): Promise<Schemas['Project'][]> {
  return (await query<ProjectRow>(store.pool, 'list-projects')).map((row) => toProject(store.sealer, row));
}

export async function getProject(store: Store, name: string): Promise<Schemas['Project']> {
  return toProject(store.sealer, await getProjectRow(store.pool, name));
}

/** @throws Problem `not-found`, or `conflict` while the project has stacks or snapshots. */
export async function deleteProject(database: Database, name: string): Promise<void> {
  if (await queryOne(database, 'delete-project', [name])) return;
  await getProjectRow(database, name);
  throw new Problem('conflict', `Project ${name} still has stacks, snapshots or backups`, {
    where: name,
    remedy: 'Delete its stacks, then its snapshots and the backups that were kept.',
  });
}

/** What a project's bundle comes to, with a release's images and variables in it if one is given. @throws Problem `not-found`, `compose-invalid` */
export async function planOf(store: Store, name: string, release?: Record<string, ReleaseService>): Promise<StackPlan> {
  const row = await getProjectRow(store.pool, name);
  const { bundle, profiles, allow } = row;
  return loadBundle({ bundle, profiles, allow, variables: openVariables(store.sealer, row) }, release);
}

export function describePlan(plan: StackPlan): Schemas['Plan'] {
  const { database, migrations, ingress } = plan.greenroom;
  return {
    services: plan.services.map(({ name, image, dependsOn }) => ({
      name,
      image,
      role: name === database?.service ? 'database' : name === migrations?.service ? 'migrations' : 'service',
      dependsOn: dependsOn.map(({ service, condition }) => ({ service, condition })),
    })),
    networks: plan.networks.map(({ name }) => name),
    volumes: plan.volumes.map(({ name }) => name),
    ingress,
    replaced: plan.replaced,
  };
}

async function getProjectRow(database: Database, name: string): Promise<ProjectRow> {
  const row = await queryOne<ProjectRow>(database, 'get-project', [name]);
  if (!row) throw noProject(name);
  return row;
}

export function noProject(name: string): Problem {
  return new Problem('not-found', `There is no project ${name}`, {
    where: name,
    remedy: 'GET /v1/projects lists them.',
  });
}

function loadBundle(definition: Schemas['ProjectDefinition'], release?: Record<string, ReleaseService>): StackPlan {
  const { bundle, variables = {}, profiles = [], allow = [] } = definition;
  return loadCompose(withComposeFiles(bundle), {
    variables,
    allow,
    release,
    ...(profiles.length > 0 ? { profiles } : {}),
  });
}

/** The Compose files of a bundle that names none: Compose's default names, and the override beside. */
function withComposeFiles(bundle: Schemas['Bundle']): Bundle {
  if (bundle.composeFiles) return { files: bundle.files, composeFiles: bundle.composeFiles };
  const main = composeFileNames.find((name) => name in bundle.files);
  if (!main) {
    throw new Problem('compose-invalid', `The bundle has none of ${composeFileNames.join(', ')}`, {
      where: '/bundle/files',
      remedy: 'Name its Compose files in bundle.composeFiles.',
    });
  }
  const override = overrideNames.find((name) => name in bundle.files);
  return { files: bundle.files, composeFiles: override ? [main, override] : [main] };
}

function valuesOf(sealer: Sealer, wish: Schemas['ProjectDefinition']): unknown[] {
  checkAsked(wish.rehearsal?.workload ?? []);
  const { maskingLocale } = wish;
  if (maskingLocale !== undefined && !locales.includes(maskingLocale)) {
    throw new Problem('invalid-request', `There are no words of the locale ${maskingLocale}`, {
      where: '/maskingLocale',
      remedy: `One of ${locales.join(', ')}.`,
    });
  }
  return [
    wish.bundle,
    sealer.seal(JSON.stringify(wish.variables ?? {})),
    wish.profiles ?? [],
    wish.allow ?? [],
    wish.readiness ?? {},
    wish.deployment ?? {},
    wish.rehearsal ?? {},
    maskingLocale ?? null,
  ];
}

function openVariables(sealer: Sealer, row: ProjectRow): Record<string, string> {
  return JSON.parse(sealer.open(row.sealed_variables).toString('utf8'));
}

function toProject(sealer: Sealer, row: ProjectRow): Schemas['Project'] {
  const variables = openVariables(sealer, row);
  const plan = loadBundle({ bundle: row.bundle, profiles: row.profiles, allow: row.allow, variables });
  return {
    name: row.name,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    services: plan.services.map(({ name }) => name),
    profiles: row.profiles,
    allow: row.allow,
    rehearsal: row.rehearsal,
    ...(row.masking_locale === null ? {} : { maskingLocale: row.masking_locale }),
    variableNames: Object.keys(variables),
    replaced: plan.replaced,
  };
}
