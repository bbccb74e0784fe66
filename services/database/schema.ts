import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';

const sql = readFileSync(join(import.meta.dirname, '../../sql/catalog/schema-objects.sql'), 'utf8');

/** A database's own objects: `kind name` → definition. */
export type Schema = Map<string, string>;

export interface SchemaChange {
  change: 'added' | 'removed' | 'changed';
  /** `column shop.orders.currency` */
  object: string;
  before?: string;
  after?: string;
}

export async function readSchema(client: pg.Client): Promise<Schema> {
  const { rows } = await client.query<{ kind: string; name: string; definition: string }>(sql);
  return new Map(rows.map(({ kind, name, definition }) => [`${kind} ${name}`, definition]));
}

/** The same for schemas with the same objects; the order of a table's columns does not count. */
export function fingerprintOfSchema(schema: Schema): string {
  return createHash('sha256')
    .update(JSON.stringify([...schema]))
    .digest('hex');
}

/**
 * The same too for a schema that was dumped and restored: Postgres then writes some casts and brackets of an expression
 * in another place, as in `CHECK (state IN ('a', 'b'))` on a varchar.
 */
export function outlineOfSchema(schema: Schema): string {
  const outline = [...schema].map(([object, definition]) => [
    object,
    definition
      .replace(/::(?:character varying|timestamp with(?:out)? time zone|[\w."]+)(?:\(\d+\))?(?:\[\])*/g, '')
      .replace(/[()\s]/g, ''),
  ]);
  return createHash('sha256').update(JSON.stringify(outline)).digest('hex');
}

export function changesBetween(before: Schema, after: Schema): SchemaChange[] {
  const changes: SchemaChange[] = [];
  for (const [object, definition] of after) {
    const old = before.get(object);
    if (old === undefined) changes.push({ change: 'added', object, after: definition });
    else if (old !== definition) changes.push({ change: 'changed', object, before: old, after: definition });
  }
  for (const [object, definition] of before) {
    if (!after.has(object)) changes.push({ change: 'removed', object, before: definition });
  }
  return changes;
}
