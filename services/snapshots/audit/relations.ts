import type pg from 'pg';
import { identifier } from '../../quoting.ts';
import { catalogQuery } from '../../sources/catalog.ts';
import type { SearchTask } from './audit-worker.ts';

interface RelationRow {
  schema: string;
  name: string;
  kind: 'r' | 'm' | 'p';
  root: string | null;
  heap_bytes: number;
  columns: string[] | null;
  vectors: boolean[] | null;
  numeric: boolean[] | null;
  moments: boolean[] | null;
  generated: boolean;
}

/** Where a value can stand in the result: a column, or a text of the catalog. */
export interface ResultPlace {
  name: string;
  table?: string;
  column?: string;
  /** Dates, times, numbers or points, or lists of them: nothing in it is an address, though it has the numbers of one. */
  isNumeric?: boolean;
}

/** Larger relations are read in parts: small ones, for at the end all threads but one may wait for the last. */
const partBytes = 12 << 20;
const pageBytes = 8192;
/** TID range scans, without which a part reads the whole table. */
const tidRangeScanMajor = 14;

export interface Result {
  tasks: SearchTask[];
  places: ResultPlace[];
  /** Every table and view that there is, with the one that its rows are counted for: of a partition, the table at the top. */
  countedFor: Map<string, string>;
}

/** What is to be read of a result: every relation that holds rows. */
export async function readResult(client: pg.Client, major: number): Promise<Result> {
  const relations = await catalogQuery<RelationRow>(client, 'audit-relations');
  const nameOf = ({ schema, name }: RelationRow) => `${schema}.${name}`;
  const places: ResultPlace[] = [];
  const tasks = relations.flatMap((relation) => {
    if (relation.kind === 'p') return [];
    const name = nameOf(relation);
    const columns = (relation.columns ?? []).map((column, index) => {
      places.push({ name: `${name}.${column}`, table: name, column, isNumeric: relation.numeric![index]! });
      return { place: places.length - 1, vector: relation.vectors![index]!, isMoment: relation.moments![index]! };
    });
    return copiesOf(relation, major).map((copy) => ({ relation: name, copy, columns }));
  });
  return { tasks, places, countedFor: new Map(relations.map((one) => [nameOf(one), one.root ?? nameOf(one)])) };
}

function copiesOf({ schema, name, kind, heap_bytes, columns, generated }: RelationRow, major: number): string[] {
  const relation = `${identifier(schema)}.${identifier(name)}`;
  const list = (columns ?? []).map(identifier).join(', ');
  const parts = major < tidRangeScanMajor ? 1 : Math.floor(heap_bytes / partBytes);
  // COPY by name leaves generated columns out, and takes no materialized view.
  if (parts < 2)
    return [
      kind === 'r' && !generated
        ? `COPY ${relation} TO STDOUT`
        : `COPY (SELECT ${list} FROM ONLY ${relation}) TO STDOUT`,
    ];
  const pages = Math.ceil(heap_bytes / pageBytes);
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((pages * part) / parts);
    const end = part === parts - 1 ? '' : ` AND ctid < '(${Math.floor((pages * (part + 1)) / parts)},0)'`;
    return `COPY (SELECT ${list} FROM ONLY ${relation} WHERE ctid >= '(${from},0)'${end}) TO STDOUT`;
  });
}

/** Large objects are searched as if they were one column. */
export function largeObjects(places: ResultPlace[]): SearchTask {
  places.push({ name: 'pg_largeobject.data' });
  return {
    relation: 'pg_largeobject',
    copy: 'COPY (SELECT lo_get(oid) FROM pg_catalog.pg_largeobject_metadata) TO STDOUT',
    columns: [{ place: places.length - 1, vector: false, isMoment: false }],
  };
}
