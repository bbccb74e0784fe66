import type pg from 'pg';
import type { components } from '../../openapi/types.ts';
import { queryOne } from '../database/queries.ts';
import type { Mistake } from '../errors.ts';
import { examinePolicy } from '../masking/plan/plan.ts';
import { type Policy, parsePolicy, policyHash, withLocale } from '../masking/policy/policy.ts';
import { isKeep } from '../masking/policy/rule.ts';
import { type SourceSchema, schemaChanges } from '../masking/policy/schema-changes.ts';
import type { SourceAddress } from './address.ts';
import { readCatalog, type SourceCatalog } from './catalog.ts';
import { serversOf } from './replicas.ts';
import { readSchema } from './schema.ts';
import { chooseSchemas, withinSchemas } from './schemas.ts';
import { inReadOnlyTransaction, quickMs } from './session.ts';
import { noPolicy, noSource, type Opener, openAnySource, openSourceRow } from './store.ts';
import { inTheClear } from './tls.ts';

type Schemas = components['schemas'];

/**
 * Sets a source's policy, for the schema that the source has now: it is read (the catalog only) and remembered, and what
 * has changed since the policy before counts as seen. A dump's is the one of the last dump that came.
 *
 * @returns what was set, and what would still stop a capture (not of a dump, which is not there to be asked); its hash with
 *   the project's locale in it, and what was acknowledged by that.
 * @throws Problem `not-found`, `source-unreachable`, `source-refused`; nothing is set then
 */
export async function putPolicy(
  store: Opener,
  project: string,
  name: string,
  policy: Policy,
): Promise<{ set: Schemas['SetPolicy']; hash: string; acknowledged: Mistake[] }> {
  const { address, knownSchema, foundSchema } = await openAnySource(store, project, name);
  const { url } = address;
  const source = url === undefined ? undefined : { ...address, url };
  const seen = source && (await inReadOnlyTransaction(source, quickMs, (client) => look(client, source)));
  const schema = seen?.schema ?? foundSchema ?? knownSchema;
  const row = await queryOne<{ policy: Schemas['MaskingPolicy']; masking_locale: string | null }>(
    store.pool,
    'set-policy',
    [project, name, policy, schema ?? null],
  );
  if (!row) throw noSource(project, name);
  const inForce = withLocale(policy, row.masking_locale ?? undefined);
  return {
    set: { policy: row.policy, ...(seen ? { check: judge(source!, seen, inForce, []) } : {}) },
    hash: policyHash(inForce),
    acknowledged: knownSchema && schema ? schemaChanges(knownSchema, schema) : [],
  };
}

/**
 * Says what would stop a capture, and which rule classifies each column. Reads the source's catalog, no row.
 * @throws Problem `not-found`, `conflict` without a policy, `source-unreachable`, `source-refused`
 */
export async function checkPolicy(store: Opener, project: string, name: string): Promise<Schemas['PolicyCheck']> {
  const source = await openSourceRow(store, project, name);
  if (!source.policy) throw noPolicy(project, name);
  const { address, knownSchema, schemaKnownAt } = source;
  const policy = withLocale(parsePolicy(source.policy), source.maskingLocale);
  const seen = await inReadOnlyTransaction(address, quickMs, (client) => look(client, address));
  const changes = knownSchema ? schemaChanges(knownSchema, seen.schema) : [];
  return {
    ...(schemaKnownAt ? { schemaKnownAt: schemaKnownAt.toISOString() } : {}),
    ...judge(address, seen, policy, changes),
  };
}

interface Seen {
  schema: SourceSchema;
  catalog: SourceCatalog;
}

async function look(client: pg.Client, { schemas }: SourceAddress): Promise<Seen> {
  return {
    schema: await readSchema(client, schemas),
    catalog: withinSchemas(await readCatalog(client, schemas), await chooseSchemas(client, schemas)),
  };
}

function judge(address: SourceAddress, { catalog }: Seen, policy: Policy, changes: Mistake[]): Schemas['PolicyCheck'] {
  const { tables, warnings, wrong, missing } = examinePolicy(catalog, policy);
  return {
    complete: changes.length + wrong.length + missing.length === 0,
    changes,
    mistakes: wrong,
    unclassified: missing,
    warnings: [...serversOf(address).flatMap(inTheClear), ...warnings],
    columns: tables.flatMap((table) =>
      table.columns.map(({ name: column, rule, by }) => ({
        where: `${table.schema}.${table.name}.${column}`,
        technique: isKeep(rule) ? 'keep' : rule.mask,
        rule: by,
      })),
    ),
  };
}
