import type { Mistake } from '../../errors.ts';
import { tableName } from '../catalog.ts';

/** A source's schema as its masking policy was set for: what is remembered of it, names and types only. */
export interface SourceSchema {
  /** The cluster; undefined where the login may not know. Oids and column numbers mean something within one only. */
  system?: string;
  tables: SchemaTable[];
}

export interface SchemaTable {
  oid: number;
  schema: string;
  name: string;
  /** r ordinary, p partitioned, c composite type. */
  kind: 'r' | 'p' | 'c';
  columns: SchemaColumn[];
}

export interface SchemaColumn {
  /** Postgres' own number of it: a column keeps it for life, whatever it is called. */
  number: number;
  name: string;
  /** As Postgres prints it: `character varying(20)`. */
  type: string;
}

/**
 * What is new, renamed or of another type, each at its place; what is gone can tell nothing and is left out.
 *
 * Renamed is what has the oid or number of something that was called otherwise. In another cluster than the one that was
 * seen (a restored dump, a logical replica) names are all there is to go by.
 */
export function schemaChanges(known: SourceSchema, found: SourceSchema): Mistake[] {
  const isSame = known.system !== undefined && known.system === found.system;
  const byOid = new Map(known.tables.map((table) => [table.oid, table]));
  const byName = new Map(known.tables.map((table) => [tableName(table), table]));
  return found.tables.flatMap((table) => {
    const where = tableName(table);
    const sameOid = isSame ? byOid.get(table.oid) : undefined;
    const before = sameOid ?? byName.get(where);
    if (!before) return [{ where, what: `new ${table.kind === 'c' ? 'type' : 'table'}, ${listed(table.columns)}` }];
    const renamed = tableName(before) === where ? [] : [{ where, what: `renamed from ${tableName(before)}` }];
    return [...renamed, ...columnChanges(where, before.columns, table.columns, sameOid !== undefined)];
  });
}

function columnChanges(table: string, known: SchemaColumn[], found: SchemaColumn[], byNumber: boolean): Mistake[] {
  const idOf = ({ number, name }: SchemaColumn) => (byNumber ? number : name);
  const before = new Map(known.map((column) => [idOf(column), column]));
  return found.flatMap((column) => {
    const where = `${table}.${column.name}`;
    const was = before.get(idOf(column));
    if (!was) return [{ where, what: `new, ${column.type}` }];
    const what = [
      ...(was.name === column.name ? [] : [`renamed from ${was.name}`]),
      ...(was.type === column.type ? [] : [`was ${was.type}, is ${column.type}`]),
    ].join('; ');
    return what === '' ? [] : [{ where, what }];
  });
}

const mostListed = 20;

function listed(columns: SchemaColumn[]): string {
  const first = columns.slice(0, mostListed).map(({ name, type }) => `${name} ${type}`);
  const more = columns.length > mostListed ? [`and ${columns.length - mostListed} more`] : [];
  return `with ${[...first, ...more].join(', ') || 'no columns'}`;
}
