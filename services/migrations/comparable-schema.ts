import type { Schema } from '../database/schema.ts';

/** What keeps a schema and its faithful copy from being told apart by how they print. */

/** What a snapshot would hold of a schema: see snapshots/capture/schema.ts, and pg_dump, for what is left out. */
export function captured(schema: Schema): Schema {
  const left = new Set(leftOutBy(schema));
  const foreign = [...left].flatMap((object) => (object.startsWith('table ') ? [object.slice('table '.length)] : []));
  const ofForeign = (object: string) =>
    foreign.some((table) => object.slice(object.indexOf(' ') + 1).startsWith(`${table}.`));
  return new Map([...schema].filter(([object]) => !left.has(object) && !ofForeign(object)));
}

/** Foreign tables, which lead back into production, and invalid indexes, which pg_dump leaves out. */
export function leftOutBy(schema: Schema): string[] {
  return [...schema].flatMap(([object, definition]) => {
    const foreign = object.startsWith('table ') && definition.startsWith('f');
    const invalid = object.startsWith('index ') && definition.endsWith(' INVALID');
    return foreign || invalid ? [object] : [];
  });
}

/** Definitions by what they mean, as far as a dump and a restore, or another major version, print them otherwise. */
export function comparable(schema: Schema, sameMajor: boolean): Schema {
  const entries = [...schema].map(([object, definition]): [string, string] => [object, restored(definition)]);
  if (sameMajor) return new Map(entries);
  // Since 16 views print fewer qualifications, since 18 NOT NULL is a constraint of its own.
  return new Map(
    entries
      .filter(([object, definition]) => !(object.startsWith('constraint ') && definition.startsWith('NOT NULL ')))
      .map(([object, definition]) => [object, object.startsWith('view ') ? definition.slice(0, 1) : definition]),
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
