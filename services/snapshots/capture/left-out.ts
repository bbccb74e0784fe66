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
  /** Tables and sequences of extensions, which are as CREATE EXTENSION makes them. */
  ofExtensions: { schema: string; name: string; extension: string }[];
}

export async function readLeftOut(
  source: pg.Client,
  of: { schemas: Chosen; catalog: SourceCatalog; isReplica: boolean; isDump: boolean },
): Promise<LeftOut> {
  const { schemas, catalog, isReplica, isDump } = of;
  const relations = await catalogQuery<LeftOut['relations'][number]>(source, 'foreign');
  return {
    schemas: schemas.leftOut,
    relations: relations.filter(({ schema }) => schemas.has(schema)),
    // The server with a dump's schema has never had others.
    ofExtensions: isDump ? [] : await catalogQuery<LeftOut['ofExtensions'][number]>(source, 'extension-rows'),
    unlogged: isReplica ? catalog.tables.filter(({ unlogged, kind }) => unlogged && kind === 'r') : [],
  };
}

export function warningsOf({ schemas, relations, unlogged, ofExtensions }: LeftOut): { where: string; what: string }[] {
  return [
    ...schemas.map(({ name, tables }) => ({
      where: name,
      what: `the schema is left out, ${holding(tables)}: the source names those that are captured`,
    })),
    ...relations.map(({ kind, ...relation }) => ({
      where: tableName(relation),
      what:
        kind === 'f'
          ? 'is left out: a foreign table leads out of the database'
          : 'is left out: the view reads a foreign table, which is left out',
    })),
    ...ofExtensions.map(({ extension, ...relation }) => ({
      where: tableName(relation),
      what: `its rows or place are left out: it belongs to the extension ${extension}, and is as CREATE EXTENSION makes it`,
    })),
    ...unlogged.map((table) => ({
      where: tableName(table),
      what: 'is captured without rows: it is unlogged, and the replica that was read has none of them',
    })),
  ];
}

function holding(tables: number): string {
  if (tables === 0) return 'and has no tables';
  return tables === 1 ? 'with its one table' : `with its ${tables} tables`;
}

/** pg_dump's options to leave them out. In double quotes a pattern's signs stand for themselves. */
export function dumpOptions({ schemas, relations }: LeftOut): string[] {
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  return [
    ...schemas.map(({ name }) => `--exclude-schema=${quoted(name)}`),
    ...relations.map(({ schema, name }) => `--exclude-table=${quoted(schema)}.${quoted(name)}`),
  ];
}
