import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type {
  CatalogColumn,
  CatalogForeignKey,
  CatalogTable,
  CatalogValue,
  MaskingCatalog,
} from '../masking/catalog.ts';

const folder = join(import.meta.dirname, '../../sql/catalog');
const texts = new Map<string, string>();

/** Runs a query of sql/catalog/ on a user's database. */
export async function catalogQuery<Row extends object>(
  client: pg.Client,
  name: string,
  values: unknown[] = [],
): Promise<Row[]> {
  let text = texts.get(name);
  if (text === undefined) {
    text = readFileSync(join(folder, `${name}.sql`), 'utf8');
    texts.set(name, text);
  }
  return (await client.query<Row & pg.QueryResultRow>(text, values)).rows;
}

export interface SourceColumn extends CatalogColumn {
  /** Its type, or what its domain is over, has the same number in every server, elements of arrays too. */
  builtIn: boolean;
}

export interface SourceTable extends CatalogTable {
  columns: SourceColumn[];
  heapBytes: number;
  /** The file its rows are in: another one once it was emptied or rewritten. */
  filenode: number;
  /** Of a partition: the table at the top, quoted, and all columns that decide which partition a row is in; null is an expression. */
  partition: { root: string; byHash: boolean; key: (string | null)[] } | null;
  /** A replica has none of its rows. */
  unlogged: boolean;
  readable: boolean;
  /** Row security would hide rows from this login. */
  rowSecurity: boolean;
}

export interface SourceSequence {
  schema: string;
  name: string;
  start: string;
  increment: string;
  min: string;
  max: string;
  readable: boolean;
  /** Those that it gives values to: the one that owns it (serial, identity), and whose default uses it. `schema.table` */
  columns: { table: string; column: string }[];
}

export interface SourceCatalog extends MaskingCatalog {
  tables: SourceTable[];
  sequences: SourceSequence[];
}

export interface ServerFacts {
  database: string;
  login: string;
  tls_version: string | null;
  version: string;
  major: number;
  size_bytes: number;
  encoding: string;
  collate: string;
  ctype: string;
  /** c libc, i ICU, b builtin. */
  locale_provider: 'c' | 'i' | 'b';
  locale: string | null;
  icu_rules: string | null;
  at: Date;
  lsn: string;
  large_objects: number;
  extensions: string[];
  /** What ANALYZE goes by where a column says nothing. */
  statistics_target: number;
  notices_loss: boolean;
  bypasses_row_security: boolean;
}

/** The major version of the server that a session is on. */
export async function readMajor(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ major: number }>(
    `SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000 AS major`,
  );
  return rows[0]!.major;
}

export async function readServer(client: pg.Client): Promise<ServerFacts> {
  return (await catalogQuery<ServerFacts>(client, 'server'))[0]!;
}

/** What is in the database, as masking has to know it, and its sequences. @param schemas whose tables; all where none are named */
export async function readCatalog(client: pg.Client, schemas?: string[]): Promise<SourceCatalog> {
  const types = new Map((await catalogQuery<TypeRow>(client, 'types')).map((row) => [Number(row.oid), row]));
  const rows = await catalogQuery<TableRow>(client, 'tables', [schemas ?? null]);
  const keys = await catalogQuery<Omit<CatalogForeignKey, 'referencedColumns'> & { referenced_columns: string[] }>(
    client,
    'foreign-keys',
  );
  const sequences = await catalogQuery<SourceSequence>(client, 'sequences');
  return {
    sequences,
    tables: rows.map((row) => ({
      oid: Number(row.oid),
      schema: row.schema,
      name: row.name,
      kind: row.kind,
      partitionOf: row.partition_of,
      columns: row.columns.map((column) => columnOf(types, column)),
      uniqueKeys: row.unique_keys,
      estimatedRows: Math.max(0, row.estimated_rows),
      sizeBytes: row.size_bytes,
      heapBytes: row.heap_bytes,
      filenode: Number(row.filenode),
      unlogged: row.unlogged,
      partition: row.partition,
      readable: row.readable,
      rowSecurity: row.row_security,
    })),
    foreignKeys: keys.map(({ referenced_columns: referencedColumns, ...key }) => ({ ...key, referencedColumns })),
  };
}

interface TypeRow {
  oid: string;
  name: string;
  kind: string;
  category: string;
  base: string;
  typmod: number;
  element: string;
  labels: string[] | null;
  fields: FieldRow[] | null;
  subtype: string | null;
}

interface FieldRow {
  name: string;
  type: string;
  typeOid: number;
  typmod: number;
}

interface ColumnRow extends FieldRow {
  notNull: boolean;
  generated: boolean;
  nondeterministic: boolean;
}

interface TableRow {
  oid: string;
  schema: string;
  name: string;
  kind: CatalogTable['kind'];
  estimated_rows: number;
  size_bytes: number;
  heap_bytes: number;
  filenode: string;
  unlogged: boolean;
  partition: SourceTable['partition'];
  partition_of: string | null;
  readable: boolean;
  row_security: boolean;
  columns: ColumnRow[];
  unique_keys: CatalogTable['uniqueKeys'];
}

function columnOf(types: Map<number, TypeRow>, column: ColumnRow): SourceColumn {
  const { name, type, typeOid, typmod, notNull, generated, nondeterministic } = column;
  const builtIn = isBuiltIn(types, Number(typeOid));
  return { name, type, ...resolved(types, Number(typeOid), typmod), notNull, generated, nondeterministic, builtIn };
}

/** Numbers below are assigned by hand, and stay (https://www.postgresql.org/docs/17/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT). */
const firstOtherOid = 10_000;

function isBuiltIn(types: Map<number, TypeRow>, typeOid: number): boolean {
  let type = types.get(typeOid)!;
  while (type.kind === 'd') type = types.get(Number(type.base))!;
  return Number(type.oid) < firstOtherOid && !isVector(type);
}

/** int2vector and oidvector are said to be arrays, and are printed otherwise: `1 2 3`. */
function isVector({ category, name }: TypeRow): boolean {
  return category === 'A' && !name.startsWith('_');
}

/** Resolves domains and arrays to the type of one value. Modifiers are encoded as in numeric.c and varchar.c. */
function resolved(types: Map<number, TypeRow>, typeOid: number, modifier: number): CatalogValue {
  let type = types.get(typeOid)!;
  let typmod = modifier;
  let isArray = false;
  for (;;) {
    if (type.kind === 'd') {
      if (typmod < 0) typmod = type.typmod;
      // What is printed within the elements of an array is no element of it.
      const base = types.get(Number(type.base))!;
      if (isArray && base.category === 'A') break;
      type = base;
    } else if (type.category === 'A' && Number(type.element) !== 0 && !isArray && !isVector(type)) {
      isArray = true;
      type = types.get(Number(type.element))!;
    } else break;
  }
  const isText = type.name === 'varchar' || type.name === 'bpchar';
  const isNumeric = type.name === 'numeric' && typmod >= 4;
  const scale = (typmod - 4) & 0x7ff;
  const { labels, fields, subtype } = type;
  return {
    baseType: type.name,
    isArray,
    limit: isText && typmod >= 4 ? typmod - 4 : null,
    precision: isNumeric ? ((typmod - 4) >> 16) & 0xffff : null,
    scale: isNumeric ? (scale ^ 1024) - 1024 : null,
    ...(labels ? { labels } : {}),
    ...(fields
      ? {
          fields: fields.map((field) => ({
            name: field.name,
            type: field.type,
            ...resolved(types, Number(field.typeOid), field.typmod),
          })),
        }
      : {}),
    ...(subtype === null ? {} : { bounds: resolved(types, Number(subtype), -1) }),
  };
}
