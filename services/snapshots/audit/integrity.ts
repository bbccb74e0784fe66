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

/**
 * Holds the result's constraints and row counts against the source's. Postgres validates a constraint when it is added,
 * so what is there and valid holds for every row; what the source has as NOT VALID may stay so.
 *
 * @throws Problem `audit-failed`
 */
export function checkIntegrity(
  source: Constraints,
  result: Constraints,
  rows: { expected: ReadonlyMap<string, number>; found: ReadonlyMap<string, number> },
): { checked: number; notValid: string[] } {
  const mistakes: Mistake[] = [];
  const notValid: string[] = [];
  for (const [id, { table, name, valid }] of source) {
    const own = result.get(id);
    const where = `${table} (${name})`;
    // pg_dump leaves indexes out that were never built to their end.
    if (!own && !valid) notValid.push(where);
    else if (!own) mistakes.push({ where, what: 'is a constraint or index of the source that the result lacks' });
    else if (own.valid) continue;
    else if (valid) mistakes.push({ where, what: 'holds at the source and was not validated in the result' });
    else notValid.push(where);
  }
  for (const [table, expected] of rows.expected) {
    const found = rows.found.get(table) ?? 0;
    if (found !== expected) {
      mistakes.push({ where: table, what: `has ${expected} rows at the source and ${found} in the result` });
    }
  }
  if (mistakes.length > 0) {
    throw new Problem('audit-failed', 'The result is not what the source holds', {
      where: mistakes[0]!.where,
      errors: mistakes,
      remedy: 'Capture again; if it happens again, this is a mistake of greenroom.',
    });
  }
  return { checked: source.size, notValid };
}
