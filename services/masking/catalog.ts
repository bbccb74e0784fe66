/** What masking has to know of a database: the shape that `services/sources/catalog.ts` reads. */

/** What a value is made of. */
export interface CatalogValue {
  /** The type of one value, domains and arrays resolved: `varchar`, `int4`, `jsonb`, `citext`. */
  baseType: string;
  isArray: boolean;
  /** Characters of varchar(n) and char(n). */
  limit: number | null;
  precision: number | null;
  scale: number | null;
  /** Of an enum, in its order. */
  labels?: string[];
  /** Of a composite type. */
  fields?: CatalogField[];
  /** What the bounds of a range or multirange are. */
  bounds?: CatalogValue;
}

export interface CatalogField extends CatalogValue {
  name: string;
  /** As a person writes it: `character varying(20)[]`. */
  type: string;
}

export interface CatalogColumn extends CatalogField {
  notNull: boolean;
  /** Postgres computes it from other columns, so it is not copied. */
  generated: boolean;
  /** Its collation takes values for equal that are written differently. */
  nondeterministic?: boolean;
}

export interface CatalogTable {
  oid: number;
  schema: string;
  name: string;
  /** r ordinary, p partitioned, f foreign, m materialized view. */
  kind: 'r' | 'p' | 'f' | 'm';
  /** The partitioned table at the top, for a partition: `schema.table`. */
  partitionOf: string | null;
  columns: CatalogColumn[];
  /** Columns of each unique index and exclusion constraint; null stands for an expression. */
  uniqueKeys: { name: string; columns: (string | null)[] }[];
  estimatedRows: number;
  sizeBytes: number;
}

export interface CatalogForeignKey {
  name: string;
  table: string;
  columns: string[];
  references: string;
  referencedColumns: string[];
}

export interface MaskingCatalog {
  tables: CatalogTable[];
  foreignKeys: CatalogForeignKey[];
  /** Where it was not asked for them, nothing that a policy says of sequences is held against it. */
  sequences?: readonly { schema: string; name: string }[];
}

/** How a table is called in policies, reports and messages. */
export function tableName(table: { schema: string; name: string }): string {
  return `${table.schema}.${table.name}`;
}
