import {
  type CatalogColumn,
  type CatalogForeignKey,
  type CatalogTable,
  type MaskingCatalog,
  tableName,
} from '../catalog.ts';
import type { FittedColumn } from '../suggest/fit.ts';

/** Columns that foreign keys tie together, directly or through others, and which need one rule. */
export interface Tied {
  columns: FittedColumn[];
  /** A column that the others refer to, where there are others. */
  root: FittedColumn;
  /** The name of a foreign key that ties a column here. */
  keyOf: (column: FittedColumn) => string | undefined;
}

/** Every column that a policy has to classify, in groups. */
export function tiedColumns(catalog: MaskingCatalog): Tied[] {
  const tables = catalog.tables.filter(
    ({ kind, partitionOf }) => (kind === 'r' || kind === 'p') && partitionOf === null,
  );
  const rootOf = new Map(catalog.tables.map((table) => [tableName(table), table.partitionOf ?? tableName(table)]));
  const groups = new Map<string, string>();
  const find = (id: string): string => {
    const parent = groups.get(id) ?? id;
    return parent === id ? id : find(parent);
  };
  const keys = new Map<string, CatalogForeignKey>();
  const referenced = new Set<string>();
  for (const key of catalog.foreignKeys) {
    key.columns.forEach((column, index) => {
      const from = idOf(rootOf.get(key.table) ?? key.table, column);
      const to = idOf(rootOf.get(key.references) ?? key.references, key.referencedColumns[index]!);
      keys.set(from, key);
      referenced.add(to);
      groups.set(find(from), find(to));
    });
  }
  const members = new Map<string, { table: CatalogTable; column: CatalogColumn; id: string; isUnique: boolean }[]>();
  for (const table of tables) {
    for (const column of table.columns) {
      if (column.generated) continue;
      const id = idOf(tableName(table), column.name);
      const isUnique = uniqueKeysOf(catalog, table).some(({ columns }) => columns.includes(column.name));
      members.set(find(id), [...(members.get(find(id)) ?? []), { table, column, id, isUnique }]);
    }
  }
  return [...members.values()].map((group) => {
    const unique = group.some(({ isUnique }) => isUnique);
    const columns = group.map(({ table, column }) => ({ table, column, unique }));
    // What is referred to and refers to nothing itself is where the values come from.
    const root = group.findIndex(({ id }) => referenced.has(id) && !keys.has(id));
    return {
      columns,
      root: columns[Math.max(0, root)]!,
      keyOf: ({ table, column }) => keys.get(idOf(tableName(table), column.name))?.name,
    };
  });
}

/** Of a partitioned table, those of its partitions too. */
export function uniqueKeysOf(catalog: MaskingCatalog, table: CatalogTable): CatalogTable['uniqueKeys'] {
  if (table.kind !== 'p') return table.uniqueKeys;
  const partitions = catalog.tables.filter(({ partitionOf }) => partitionOf === tableName(table));
  return [table, ...partitions].flatMap(({ uniqueKeys }) => uniqueKeys);
}

function idOf(table: string, column: string): string {
  return JSON.stringify([table, column]);
}
