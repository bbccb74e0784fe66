import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

const sql = readFileSync(join(import.meta.dirname, '../../sql/catalog/schema-objects.sql'), 'utf8');

/** Statistics have expressions since Postgres 14, and no function that prints them before. */
const sqlBefore14 = sql.replace('pg_get_statisticsobjdef_expressions(s.oid)', 'NULL::text[]');

/** Another one wherever sql/catalog/schema-objects.sql says the same objects otherwise: fingerprints that are kept differ then. */
export const schemaFormat = 2;

export interface SchemaObject {
  kind: string;
  /** As SQL names it: with its schema, quoted where it has to be. */
  name: string;
  /** In SQL; what two objects are compared by. */
  definition: string;
  /** What of it can be changed by itself; which parts there are depends on its kind. */
  parts: Readonly<Record<string, unknown>>;
  /** Objects (`kind name`) that have to be there before it. */
  needs: string[];
}

/** A database's own objects by `kind name`. */
export type Schema = Map<string, SchemaObject>;

export interface SchemaChange {
  change: 'added' | 'removed' | 'changed';
  /** `column shop.orders.currency` */
  object: string;
  before?: string;
  after?: string;
}

/**
 * Names in definitions carry their schema, whatever the session's `search_path` is, which is as before afterwards.
 * @param schemas whose objects; all where none are named
 */
export async function readSchema(client: pg.Client, schemas?: string[]): Promise<Schema> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version",
  );
  const results = (await client.query(
    `SELECT set_config('greenroom.search_path', current_setting('search_path'), false),
       set_config('search_path', 'pg_catalog', false),
       set_config('greenroom.schemas', ${schemas ? pg.escapeLiteral(JSON.stringify(schemas)) : "''"}, false);
     ${rows[0]!.version < 140_000 ? sqlBefore14 : sql};
     SELECT set_config('search_path', current_setting('greenroom.search_path'), false)`,
  )) as unknown as pg.QueryResult<SchemaObject>[];
  return new Map(results[1]!.rows.map((object) => [`${object.kind} ${object.name}`, object]));
}

/** The same for schemas with the same objects; the order of a table's columns does not count. */
export function fingerprintOfSchema(schema: Schema): string {
  return createHash('sha256')
    .update(JSON.stringify([...schema].map(([object, { definition }]) => [object, definition])))
    .digest('hex');
}

/**
 * The same too for a schema that was dumped and restored: Postgres then writes some casts and brackets of an expression
 * in another place, as in `CHECK (state IN ('a', 'b'))` on a varchar.
 */
export function outlineOfSchema(schema: Schema): string {
  const outline = [...schema].map(([object, { definition }]) => [
    object,
    definition
      .replace(/::(?:character varying|timestamp with(?:out)? time zone|[\w."]+)(?:\(\d+\))?(?:\[\])*/g, '')
      .replace(/[()\s]/g, ''),
  ]);
  return createHash('sha256').update(JSON.stringify(outline)).digest('hex');
}

export function changesBetween(before: Schema, after: Schema): SchemaChange[] {
  const changes: SchemaChange[] = [];
  for (const [object, { definition }] of after) {
    const old = before.get(object)?.definition;
    if (old === undefined) changes.push({ change: 'added', object, after: definition });
    else if (old !== definition) changes.push({ change: 'changed', object, before: old, after: definition });
  }
  for (const [object, { definition }] of before) {
    if (!after.has(object)) changes.push({ change: 'removed', object, before: definition });
  }
  return changes;
}
