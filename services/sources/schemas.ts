import type pg from 'pg';
import { type Mistake, Problem } from '../errors.ts';
import { catalogQuery, type SourceCatalog } from './catalog.ts';

/** Which schemas of a source are read: those it names, or all. */
export interface Chosen {
  has(schema: string): boolean;
  leftOut: { name: string; tables: number; extension: boolean }[];
}

/** @throws Problem `source-refused` for a schema that is not there */
export async function chooseSchemas(client: pg.Client, wanted: string[] | undefined): Promise<Chosen> {
  if (!wanted) return { has: () => true, leftOut: [] };
  const present = await catalogQuery<Chosen['leftOut'][number]>(client, 'schemas');
  const missing = wanted.filter((name) => !present.some((schema) => schema.name === name));
  if (missing.length > 0) {
    throw new Problem('source-refused', `The source has no schema ${missing.join(', ')}`, {
      where: missing[0]!,
      remedy: `Its schemas are: ${present.map(({ name }) => name).join(', ')}. Make the source again with those that are to be captured.`,
    });
  }
  return { has: (name) => wanted.includes(name), leftOut: present.filter(({ name }) => !wanted.includes(name)) };
}

/** What a capture of the schemas alone knows of the database. */
export function withinSchemas(catalog: SourceCatalog, { has }: Chosen): SourceCatalog {
  const tables = catalog.tables.filter(({ schema }) => has(schema));
  const names = new Set(tables.map(({ schema, name }) => `${schema}.${name}`));
  return {
    tables,
    foreignKeys: catalog.foreignKeys.filter(({ table }) => names.has(table)),
    sequences: catalog.sequences.filter(({ schema }) => has(schema)),
  };
}

/** Schemas that need others could not be restored without them. @throws Problem `source-refused` naming each object */
export async function refuseReferencesOut(client: pg.Client, wanted: string[] | undefined): Promise<void> {
  if (!wanted) return;
  const found = await catalogQuery<{ what: string; needs: string; schema: string }>(client, 'references-out', [wanted]);
  if (found.length === 0) return;
  const errors: Mistake[] = found.map(({ what, needs, schema }) => ({
    where: what,
    what: `needs ${needs}, which is in the schema ${schema}`,
    remedy: `Add ${schema} to the source's schemas, or leave out the schema that needs it`,
  }));
  throw new Problem('source-refused', 'The source’s schemas need others, which are left out', {
    where: errors[0]!.where,
    remedy: `Make the source again with these schemas too: ${[...new Set(found.map(({ schema }) => schema))].join(', ')}.`,
    errors,
  });
}
