import type { Schema, SchemaObject } from '../schema.ts';

/** What is made first where nothing needs anything; an object's needs come before it, whatever their kind. */
const kinds = [
  ...[
    'schema',
    'extension',
    'type',
    'domain',
    'domain constraint',
    'sequence',
    'table',
    'column',
    'function',
    'aggregate',
  ],
  ...['constraint', 'index', 'inheritance', 'partition', 'replica identity', 'view', 'materialized view', 'rule'],
  ...['statistics', 'trigger', 'row security', 'policy', 'event trigger'],
];

/** Foreign keys come after the keys they refer to even where a partition's has yet to be attached. */
const rankOf = ({ kind, parts }: SchemaObject) => kinds.indexOf(kind) + (parts.type === 'f' ? 1.5 : 0);

/** The objects that have to be there before one: those its definition names, and the one it is part of. */
export function needsOf(schema: Schema, { needs, parts }: SchemaObject): string[] {
  const owners = ['table', 'view', 'materialized view', 'domain'].map((kind) => `${kind} ${parts.of}`);
  const owner = parts.of === undefined ? [] : owners.filter((key) => schema.has(key));
  return [...owner, ...needs].filter((need) => schema.has(need));
}

/** All of a schema's objects, each after what it needs; a table's columns need what they need through the table, too. */
export function inOrder(schema: Schema): string[] {
  const ordered = new Set<string>();
  const begun = new Set<string>();
  const columns = Map.groupBy(
    [...schema.values()].filter(({ kind }) => kind === 'column'),
    ({ parts }) => `table ${parts.of}`,
  );
  const visit = (key: string) => {
    // Two that need each other are made in the order they were met.
    if (begun.has(key)) return;
    begun.add(key);
    const object = schema.get(key)!;
    for (const need of needsOf(schema, object)) visit(need);
    for (const column of columns.get(key) ?? []) for (const need of needsOf(schema, column)) visit(need);
    ordered.add(key);
  };
  const byRank = [...schema].sort(([, a], [, b]) => rankOf(a) - rankOf(b) || (a.name < b.name ? -1 : 1));
  for (const [key] of byRank) visit(key);
  return [...ordered];
}
