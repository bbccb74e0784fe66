import type { components } from '../../openapi/types.ts';
import { queryOne } from '../database/queries.ts';
import type { Mistake } from '../errors.ts';
import { examinePolicy } from '../masking/plan/plan.ts';
import { type Policy, parsePolicy, policyHash, withLocale } from '../masking/policy/policy.ts';
import { isKeep } from '../masking/policy/rule.ts';
import { schemaChanges } from '../masking/policy/schema-changes.ts';
import { readCatalog } from './catalog.ts';
import { readSchema } from './schema.ts';
import { chooseSchemas, withinSchemas } from './schemas.ts';
import { inReadOnlyTransaction, quickMs } from './session.ts';
import { noPolicy, noSource, type Opener, openAnySource, openSourceRow } from './store.ts';

type Schemas = components['schemas'];

/**
 * Sets a source's policy, for the schema that the source has now: it is read (the catalog only) and remembered, and what
 * has changed since the policy before counts as seen. A dump's is the one of the last dump that came.
 *
 * @returns it, its hash with the project's locale in it, and what was acknowledged by that. @throws Problem `not-found`, `source-unreachable`, `source-refused`; nothing is set then
 */
export async function putPolicy(
  store: Opener,
  project: string,
  name: string,
  policy: Policy,
): Promise<{ policy: Schemas['MaskingPolicy']; hash: string; acknowledged: Mistake[] }> {
  const { address, knownSchema, foundSchema } = await openAnySource(store, project, name);
  const { url } = address;
  const schema =
    url === undefined
      ? (foundSchema ?? knownSchema)
      : await inReadOnlyTransaction({ ...address, url }, quickMs, (client) => readSchema(client, address.schemas));
  const row = await queryOne<{ policy: Schemas['MaskingPolicy']; masking_locale: string | null }>(
    store.pool,
    'set-policy',
    [project, name, policy, schema ?? null],
  );
  if (!row) throw noSource(project, name);
  return {
    policy: row.policy,
    hash: policyHash(withLocale(policy, row.masking_locale ?? undefined)),
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
  const policy = withLocale(parsePolicy(source.policy), source.maskingLocale);
  const { schemas } = source.address;
  const { schema, catalog } = await inReadOnlyTransaction(source.address, quickMs, async (client) => ({
    schema: await readSchema(client, schemas),
    catalog: withinSchemas(await readCatalog(client, schemas), await chooseSchemas(client, schemas)),
  }));
  const changes = source.knownSchema ? schemaChanges(source.knownSchema, schema) : [];
  const { tables, warnings, wrong, missing } = examinePolicy(catalog, policy);
  return {
    complete: changes.length + wrong.length + missing.length === 0,
    ...(source.schemaKnownAt ? { schemaKnownAt: source.schemaKnownAt.toISOString() } : {}),
    changes,
    mistakes: wrong,
    unclassified: missing,
    warnings,
    columns: tables.flatMap((table) =>
      table.columns.map(({ name: column, rule, by }) => ({
        where: `${table.schema}.${table.name}.${column}`,
        technique: isKeep(rule) ? 'keep' : rule.mask,
        rule: by,
      })),
    ),
  };
}
