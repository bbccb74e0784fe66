import type pg from 'pg';
import { Problem } from '../errors.ts';
import type { SchemaTable, SourceSchema } from '../masking/schema-changes.ts';
import type { SourceAddress } from './address.ts';
import { askSource } from './ask.ts';
import { catalogQuery } from './catalog.ts';

/** What a source's tables are made of, for comparison with what they were. Reads the catalog only. */
export async function readSchema(client: pg.Client): Promise<SourceSchema> {
  const { rows } = await client.query<{ may: boolean }>(
    "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may",
  );
  const [control] = rows[0]!.may ? await catalogQuery<{ system: string }>(client, 'system') : [];
  const tables = await catalogQuery<Omit<SchemaTable, 'oid'> & { oid: string }>(client, 'columns');
  return {
    ...(control ? { system: control.system } : {}),
    tables: tables.map((table) => ({ ...table, oid: Number(table.oid) })),
  };
}

/** The schema of a source that may not be there yet. */
export async function schemaIfReachable(address: SourceAddress): Promise<SourceSchema | undefined> {
  try {
    return await askSource(address, readSchema);
  } catch (error) {
    if (error instanceof Problem && ['source-unreachable', 'source-refused'].includes(error.code)) return undefined;
    throw error;
  }
}
