import type { PlannedTable } from '../../masking/plan/plan.ts';
import type { CopyFormat } from '../../masking/rows/row.ts';
import { takesBinary } from '../../masking/rows/table.ts';
import type { SourceColumn, SourceTable } from '../../sources/catalog.ts';

/** What every server sends in the same form and reads in it, and what it reads is what the text would have said. */
const sameEverywhere = new Set([
  ...['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'bytea', 'bit', 'varbit', 'uuid'],
  ...['text', 'varchar', 'bpchar', 'name', 'json', 'jsonb', 'inet', 'cidr', 'macaddr', 'macaddr8'],
  ...['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval'],
]);

/**
 * How rows of a table are copied: in COPY's binary format, which spares both servers printing and reading, where every
 * column has a type whose binary form is the same everywhere, and the masks know their values in it. Types of one's own
 * are not the same, since an array names them by a number, nor is what names objects by theirs, such as regclass.
 */
export function formatOf(planned: PlannedTable, { columns }: SourceTable): CopyFormat {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const binary = planned.columns.every(({ name }) => isSameEverywhere(byName.get(name)!));
  return binary && takesBinary(planned) ? 'binary' : 'text';
}

function isSameEverywhere({ baseType, isArray, builtIn, labels, fields, bounds }: SourceColumn): boolean {
  if (fields || bounds) return false;
  // A label stands as its text, and citext as text does.
  if (labels || baseType === 'citext') return !isArray;
  return builtIn && sameEverywhere.has(baseType);
}
