import type { Mistake } from '../../errors.ts';
import { type MaskingCatalog, tableName } from '../catalog.ts';

/**
 * By `schema.table`: columns that name nobody by themselves and somebody together, such as birth date, postcode and
 * gender. `atLeast` is how many rows have to share the same values of them in a snapshot.
 */
export type QuasiIdentifiers = Record<string, (string[] | { columns: string[]; atLeast?: number })[]>;

export interface QuasiIdentifier {
  table: string;
  columns: string[];
  atLeast?: number;
}

const columns = { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'string', minLength: 1 } };

export const quasiIdentifiersSchema = {
  type: 'object',
  additionalProperties: {
    type: 'array',
    items: {
      if: { type: 'array' },
      // biome-ignore lint/suspicious/noThenProperty: a JSON schema's own word
      then: columns,
      else: {
        type: 'object',
        properties: { columns, atLeast: { type: 'integer', minimum: 1 } },
        required: ['columns'],
        additionalProperties: false,
      },
    },
  },
};

/** By table, whatever order the database keeps a policy's keys in. */
export function quasiIdentifiersOf(declared: QuasiIdentifiers): QuasiIdentifier[] {
  const byTable = Object.entries(declared).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return byTable.flatMap(([table, all]) =>
    all.map((one) => (Array.isArray(one) ? { table, columns: one } : { table, ...one })),
  );
}

/** Tables and columns that the source does not have; generated columns may stand there, they are counted in the result. */
export function strangersAmong(declared: QuasiIdentifiers, catalog: MaskingCatalog): Mistake[] {
  const tables = new Map(catalog.tables.map((table) => [tableName(table), table]));
  return quasiIdentifiersOf(declared).flatMap(({ table: name, columns }) => {
    const table = tables.get(name);
    if (!table || (table.kind !== 'r' && table.kind !== 'p')) {
      const what = 'is no table of the source, and quasi-identifiers are declared for it';
      return [{ where: name, what, remedy: 'Correct the name (schema.table), or remove the entry' }];
    }
    const has = new Set(table.columns.map((column) => column.name));
    return columns
      .filter((column) => !has.has(column))
      .map((column) => ({
        where: `${name}.${column}`,
        what: 'is no column of the source, and is declared as a quasi-identifier',
        remedy: 'Correct the name, or remove it from quasiIdentifiers',
      }));
  });
}
