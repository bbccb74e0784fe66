import type pg from 'pg';
import type { components } from '../../../openapi/types.ts';
import { type Mistake, Problem } from '../../errors.ts';
import type { QuasiIdentifier } from '../../masking/policy/quasi-identifiers.ts';
import { identifier } from '../../quoting.ts';

type ReportedGroups = components['schemas']['ReportedGroups'];

/** Who shares quasi-identifiers with three others or fewer is reported as one of few. */
export const smallGroup = 5;

/**
 * How many rows of the result share the same values of each set of quasi-identifiers (k-anonymity's k: Sweeney, 2002).
 * NULL is a value like another here.
 *
 * @param tables schema and name of every table, by `schema.table`
 * @throws Problem `capture-failed` naming tables and columns where fewer rows do than the policy demands.
 */
export async function countGroups(
  client: pg.Client,
  quasiIdentifiers: QuasiIdentifier[],
  tables: Map<string, { schema: string; name: string }>,
  signal: AbortSignal,
): Promise<ReportedGroups[]> {
  const counted: ReportedGroups[] = [];
  for (const quasiIdentifier of quasiIdentifiers) {
    signal.throwIfAborted();
    const { schema, name } = tables.get(quasiIdentifier.table)!;
    // By their text: not every type has an equality, and none is finer.
    const values = quasiIdentifier.columns.map((column) => `${identifier(column)}::text COLLATE "C"`).join(', ');
    const { rows } = await client.query<Record<'rows' | 'groups' | 'smallest' | 'few', string>>(
      `SELECT coalesce(sum(n), 0) AS rows, count(*) AS groups, coalesce(min(n), 0) AS smallest,
         coalesce(sum(n) FILTER (WHERE n < ${smallGroup}), 0) AS few
       FROM (SELECT count(*) AS n FROM ${identifier(schema)}.${identifier(name)} GROUP BY ${values}) AS grouped`,
    );
    const { rows: all, groups, smallest, few } = rows[0]!;
    counted.push({
      ...quasiIdentifier,
      ...{ rows: Number(all), groups: Number(groups), smallest: Number(smallest), rowsInSmallGroups: Number(few) },
    });
  }
  refuseTooSmall(counted);
  return counted;
}

function refuseTooSmall(counted: ReportedGroups[]): void {
  const errors: Mistake[] = counted
    .filter(({ rows, smallest, atLeast = 1 }) => rows > 0 && smallest < atLeast)
    .map(({ table, columns, smallest, atLeast }) => ({
      where: `${table} (${columns.join(', ')})`,
      what: `the smallest group that shares these values has ${smallest} ${smallest === 1 ? 'row' : 'rows'}; the policy demands ${atLeast}`,
      remedy: 'Mask one of the columns more coarsely, or demand less in quasiIdentifiers',
    }));
  if (errors.length === 0) return;
  const { where, what, remedy } = errors[0]!;
  throw new Problem('capture-failed', `The masked rows of ${where} are too few of a kind: ${what}`, {
    where,
    remedy: `${remedy}. Nothing of the snapshot is left.`,
    errors,
  });
}
