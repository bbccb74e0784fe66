import type { components } from '../../openapi/types.ts';
import type { StackPlan } from '../compose/plan.ts';
import { type Database, queryOne } from '../database/queries.ts';
import { Problem } from '../errors.ts';
import type { Sealer } from '../secrets/seal.ts';

type Schemas = components['schemas'];

export interface StackRow {
  name: string;
  project: string;
  host: string;
  snapshot: string | null;
  kind: Schemas['Stack']['kind'];
  state: Schemas['Stack']['state'];
  deadline: Date | null;
  health_timeout_ms: number;
  release: Schemas['ReleaseInStack'];
  sealed_plan: Buffer;
  clone_mode: 'reflink' | 'copy' | null;
  migrate: 'auto' | 'hold';
  generation: string;
  /** The run that carries the release that waits for this stack, or is being put on it. */
  candidate: string | null;
  error: Schemas['Problem'] | null;
  created_at: Date;
}

/** @throws Problem `not-found` */
export async function getStackRow(database: Database, name: string): Promise<StackRow> {
  const row = await queryOne<StackRow>(database, 'get-stack', [name]);
  if (!row) throw new Problem('not-found', `There is no stack ${name}`, { where: name });
  return row;
}

/** Which stack an operation was asked for on; a later stack of the same name is another one. */
export interface StackRef {
  stack: string;
  generation: string;
}

export function refOf(row: Pick<StackRow, 'name' | 'generation'>): StackRef {
  return { stack: row.name, generation: row.generation };
}

/** That very stack; undefined when it is gone, even where its name is used again. */
export async function findStack(database: Database, { stack, generation }: StackRef): Promise<StackRow | undefined> {
  const row = await queryOne<StackRow>(database, 'get-stack', [stack]);
  return row?.generation === generation ? row : undefined;
}

/** @throws Problem `not-found` as findStack */
export async function ownStack(database: Database, ref: StackRef): Promise<StackRow> {
  const row = await findStack(database, ref);
  if (!row) throw new Problem('not-found', `Stack ${ref.stack} was deleted meanwhile`, { where: ref.stack });
  return row;
}

export function sealPlan(sealer: Sealer, plan: StackPlan): Buffer {
  return sealer.seal(JSON.stringify(plan));
}

export function openPlan(sealer: Sealer, row: Pick<StackRow, 'sealed_plan'>): StackPlan {
  return JSON.parse(sealer.open(row.sealed_plan).toString('utf8'));
}

/** A stack's addresses: by name for browsers, by path where names cannot be had. */
export function urlsOf(
  settings: { publicUrl: string; ingressDomain: string },
  stack: string,
): Schemas['Stack']['urls'] {
  const url = new URL(settings.publicUrl);
  const port = url.port === '' ? '' : `:${url.port}`;
  return {
    host: `${url.protocol}//${stack}.${settings.ingressDomain}${port}/`,
    path: `${settings.publicUrl}/s/${stack}/`,
  };
}

export function toStack(
  row: StackRow,
  settings: { publicUrl: string; ingressDomain: string },
  hostName: string | undefined,
): Schemas['Stack'] {
  return {
    name: row.name,
    project: row.project,
    ...(hostName ? { host: hostName } : {}),
    kind: row.kind,
    state: row.state,
    ...(row.snapshot ? { snapshot: row.snapshot } : {}),
    release: row.release,
    createdAt: row.created_at.toISOString(),
    migrate: row.migrate,
    ...(row.candidate ? { candidate: row.candidate } : {}),
    ...(row.deadline ? { deadline: row.deadline.toISOString() } : {}),
    urls: urlsOf(settings, row.name),
    ...(row.error ? { error: row.error } : {}),
  };
}
