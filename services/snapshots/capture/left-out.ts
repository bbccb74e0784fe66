import type pg from 'pg';
import { tableName } from '../../masking/catalog.ts';
import { catalogQuery, type SourceCatalog } from '../../sources/catalog.ts';
import type { Chosen } from '../../sources/schemas.ts';

/** What a snapshot does not have of its source. */
export interface LeftOut {
  schemas: Chosen['leftOut'];
  /** Foreign tables, whose rows are another server's, and the views that read them. */
  relations: { schema: string; name: string; kind: 'f' | 'v' | 'm' }[];
  /** Tables that are there without their rows. */
  unlogged: { schema: string; name: string }[];
}

export async function readLeftOut(
  source: pg.Client,
  { schemas, catalog, isReplica }: { schemas: Chosen; catalog: SourceCatalog; isReplica: boolean },
): Promise<LeftOut> {
  const relations = await catalogQuery<LeftOut['relations'][number]>(source, 'foreign');
  return {
    schemas: schemas.leftOut,
    relations: relations.filter(({ schema }) => schemas.has(schema)),
    unlogged: isReplica ? catalog.tables.filter(({ unlogged, kind }) => unlogged && kind === 'r') : [],
  };
}

export function warningsOf({ schemas, relations, unlogged }: LeftOut): { where: string; what: string }[] {
  return [
    ...schemas.map(({ name, tables }) => ({
      where: name,
      what: `the schema is left out, with its ${tables} tables: the source names those that are captured`,
    })),
    ...relations.map(({ kind, ...relation }) => ({
      where: tableName(relation),
      what:
        kind === 'f'
          ? 'is left out: a foreign table leads out of the database'
          : 'is left out: the view reads a foreign table, which is left out',
    })),
    ...unlogged.map((table) => ({
      where: tableName(table),
      what: 'is captured without rows: it is unlogged, and the replica that was read has none of them',
    })),
  ];
}

/** pg_dump's options to leave them out. In double quotes a pattern's signs stand for themselves. */
export function dumpOptions({ schemas, relations }: LeftOut): string[] {
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  return [
    ...schemas.map(({ name }) => `--exclude-schema=${quoted(name)}`),
    ...relations.map(({ schema, name }) => `--exclude-table=${quoted(schema)}.${quoted(name)}`),
  ];
}
