import type { Schema } from '../database/schema.ts';

/** What keeps a schema and its faithful copy from being told apart by how they print. */

/** What a snapshot would hold of a schema: see snapshots/capture/schema.ts, and pg_dump, for what is left out. */
export function captured(schema: Schema): Schema {
  const left = new Set(leftOutBy(schema));
  return new Map([...schema].filter(([object, { parts }]) => !left.has(object) && !left.has(`table ${parts.of}`)));
}

/** Foreign tables, which lead back into production, event triggers, and invalid indexes, which pg_dump leaves out. */
export function leftOutBy(schema: Schema): string[] {
  return [...schema].flatMap(([object, { kind, parts }]) => {
    const foreign = kind === 'table' && parts.foreign === true;
    const invalid = kind === 'index' && parts.valid === false;
    return foreign || invalid || kind === 'event trigger' ? [object] : [];
  });
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
