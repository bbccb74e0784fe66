import type pg from 'pg';
import { type Mistake, Problem } from '../../errors.ts';
import { catalogQuery } from '../../sources/catalog.ts';

interface ConstraintRow {
  table: string;
  name: string;
  type: string;
  valid: boolean;
}

/** The constraints and indexes of a database, by table and name. */
export type Constraints = Map<string, ConstraintRow>;

export async function readConstraints(client: pg.Client): Promise<Constraints> {
  const rows = await catalogQuery<ConstraintRow>(client, 'audit-constraints');
  return new Map(rows.map((row) => [JSON.stringify([row.table, row.name, row.type]), row]));
}

/** Rows by table, as they came out of the source and as they were read back. */
export interface RowCounts {
  expected: ReadonlyMap<string, number>;
  found: ReadonlyMap<string, number>;
  /** Every relation of the result, with the one that its rows are counted for: masking may move a row to another partition. */
  countedFor: ReadonlyMap<string, string>;
}

/**
 * Holds the result's constraints and row counts against the source's, for what was captured of it. Postgres validates a
 * constraint when it is added, so what is there and valid holds for every row; what the source has as NOT VALID may stay so.
 *
 * @throws Problem `audit-failed`
 */
export function checkIntegrity(
  source: Constraints,
  result: Constraints,
  rows: RowCounts,
): { checked: number; notValid: string[] } {
  const mistakes = wrongCounts(rows);
  const notValid: string[] = [];
  let checked = 0;
  for (const [id, { table, name, valid }] of source) {
    if (!rows.countedFor.has(table)) continue;
    checked++;
    const own = result.get(id);
    const where = `${table} (${name})`;
    // pg_dump leaves indexes out that were never built to their end.
    if (!own?.valid && !valid) notValid.push(where);
    else if (!own) mistakes.push({ where, what: 'is a constraint or index of the source that the result lacks' });
    else if (!own.valid) mistakes.push({ where, what: 'holds at the source and was not validated in the result' });
  }
  if (mistakes.length > 0) {
    throw new Problem('audit-failed', 'The result is not what the source holds', {
      where: mistakes[0]!.where,
      errors: mistakes,
      remedy: 'Capture again; if it happens again, this is a mistake of greenroom.',
    });
  }
  return { checked, notValid };
}

function wrongCounts({ expected, found, countedFor }: RowCounts): Mistake[] {
  const mistakes: Mistake[] = [];
  const sums = new Map<string, { expected: number; found: number }>();
  const sumOf = (table: string) => {
    const root = countedFor.get(table) ?? table;
    const sum = sums.get(root) ?? { expected: 0, found: 0 };
    sums.set(root, sum);
    return sum;
  };
  for (const [table, count] of expected) {
    if (!countedFor.has(table)) mistakes.push({ where: table, what: 'is a table of the source that the result lacks' });
    sumOf(table).expected += count;
  }
  const captured = new Set(sums.keys());
  for (const [table, count] of found) sumOf(table).found += count;
  for (const table of captured) {
    const sum = sums.get(table)!;
    if (sum.found === sum.expected) continue;
    mistakes.push({ where: table, what: `has ${sum.expected} rows at the source and ${sum.found} in the result` });
  }
  return mistakes;
}
