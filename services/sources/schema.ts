import type pg from 'pg';
import { Problem } from '../errors.ts';
import type { SchemaTable, SourceSchema } from '../masking/policy/schema-changes.ts';
import type { SourceAddress } from './address.ts';
import { catalogQuery } from './catalog.ts';
import { inReadOnlyTransaction, quickMs } from './session.ts';

/** What the tables of a source's schemas are made of (of all, where none are `chosen`), for comparison with what they were. Reads the catalog only. */
export async function readSchema(client: pg.Client, chosen?: string[]): Promise<SourceSchema> {
  const { rows } = await client.query<{ may: boolean }>(
    "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may",
  );
  const [control] = rows[0]!.may ? await catalogQuery<{ system: string }>(client, 'system') : [];
  const tables = await catalogQuery<Omit<SchemaTable, 'oid'> & { oid: string }>(client, 'columns');
  return {
    ...(control ? { system: control.system } : {}),
    tables: tables
      .filter(({ schema }) => chosen?.includes(schema) ?? true)
      .map((table) => ({ ...table, oid: Number(table.oid) })),
  };
}

/** The schema of a source that may not be there yet. */
export async function schemaIfReachable(address: SourceAddress): Promise<SourceSchema | undefined> {
  try {
    return await inReadOnlyTransaction(address, quickMs, (client) => readSchema(client, address.schemas));
  } catch (error) {
    if (error instanceof Problem && ['source-unreachable', 'source-refused'].includes(error.code)) return undefined;
    throw error;
  }
}
