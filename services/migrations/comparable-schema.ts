import type { Schema } from '../database/schema.ts';

/** What keeps a schema and its faithful copy from being told apart by how they print. */

/**
 * What a snapshot would hold of a schema: see snapshots/capture/schema.ts, and pg_dump, for what is left out.
 * @param schemas those that are captured, where not all are
 */
export function captured(schema: Schema, schemas?: string[]): Schema {
  const left = new Set(leftOutBy(schema));
  return new Map(
    [...schema].filter(
      ([object, { kind, name, parts }]) =>
        !left.has(object) && !left.has(`table ${parts.of}`) && (!schemas || isWithin(schemas, kind, name)),
    ),
  );
}

/**
 * Foreign tables, which lead back into production, the views that read them, event triggers, and invalid indexes, which
 * pg_dump leaves out.
 */
export function leftOutBy(schema: Schema): string[] {
  const left = new Set<string>();
  for (const [object, { kind, parts }] of schema) {
    const foreign = kind === 'table' && parts.foreign === true;
    const invalid = kind === 'index' && parts.valid === false;
    if (foreign || invalid || kind === 'event trigger') left.add(object);
  }
  for (let before = -1; before < left.size; ) {
    before = left.size;
    for (const [object, { kind, needs }] of schema) {
      if (kind !== 'view' && kind !== 'materialized view') continue;
      if (needs.some((need) => left.has(need) || left.has(tableOf(schema, need)))) left.add(object);
    }
  }
  return [...left];
}

/** A view may need columns of a table only. */
function tableOf(schema: Schema, need: string): string {
  return `table ${schema.get(need)?.parts.of}`;
}

/** Whether an object is in one of the schemas, or in none. */
function isWithin(schemas: string[], kind: string, name: string): boolean {
  if (kind === 'extension' || kind === 'event trigger') return true;
  const first = /^(?:"((?:[^"]|"")*)"|([^".]+))/.exec(name)!;
  return schemas.includes(first[1]?.replaceAll('""', '"') ?? first[2]!);
}

/** Definitions by what they mean, as far as a dump and a restore, or another major version, print them otherwise. */
export function comparable(schema: Schema, sameMajor: boolean): Schema {
  return new Map(
    [...schema].map(([key, object]) => {
      // Since 16 views print fewer qualifications; an extension's version goes with its server.
      const printed = !sameMajor && ['view', 'materialized view', 'extension'].includes(object.kind);
      return [key, { ...object, definition: printed ? '' : restored(object.definition) }];
    }),
  );
}

const varcharList = /\(ARRAY\[((?:'(?:[^']|'')*'::character varying(?:\(\d+\))?(?:, )?)+)\]\)::text\[\]/g;
const varchar = /'(?:[^']|'')*'::character varying(?:\(\d+\))?/g;

/** `IN` over varchar values prints with its cast outside of the list, and inside once it has been restored from a dump. */
function restored(definition: string): string {
  return definition.replace(varcharList, (_, list: string) => {
    return `ARRAY[${list.replace(varchar, (value) => `(${value})::text`)}]`;
  });
}
