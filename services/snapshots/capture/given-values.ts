import type pg from 'pg';
import { type Mistake, Problem } from '../../errors.ts';
import type { PlannedColumn, PlannedTable } from '../../masking/plan/plan.ts';
import { isKeep } from '../../masking/policy/rule.ts';
import { identifier, literal } from '../../quoting.ts';
import { withoutValues } from '../../sources/errors.ts';

/**
 * Has the empty target read the values that a policy gives for columns, by their types and domains, before any row is.
 *
 * @throws Problem `policy-invalid` with every column that does not take one.
 */
export async function tryGivenValues(target: pg.Client, tables: readonly PlannedTable[]): Promise<void> {
  const errors: Mistake[] = [];
  for (const table of tables) {
    for (const column of table.columns) {
      const values = givenFor(column);
      if (values.length === 0) continue;
      const type = await typeOf(target, table, column.name);
      for (const value of values) {
        await target.query(`SELECT ${literal(value)}::${type}`).catch((error) => {
          errors.push({
            where: `${table.schema}.${table.name}.${column.name}`,
            what: `${type} does not take a value of its rule: ${withoutValues(error)}`,
            remedy: 'Write it as Postgres does',
          });
        });
      }
    }
  }
  if (errors.length === 0) return;
  throw new Problem('policy-invalid', 'The masking policy gives values that their columns do not take', {
    where: errors[0]!.where,
    errors,
  });
}

/** Of an array, `value` is all of it; `values` are its elements. */
function givenFor({ rule, isArray }: PlannedColumn): string[] {
  if (isKeep(rule)) return [];
  if (rule.mask === 'constant') return [String(rule.value)];
  if (rule.mask !== 'randomise' || !Array.isArray(rule.values)) return [];
  return isArray ? [JSON.stringify(rule.values).replace(/^\[(.*)\]$/s, '{$1}')] : rule.values.map(String);
}

async function typeOf(target: pg.Client, table: PlannedTable, column: string): Promise<string> {
  const { rows } = await target.query<{ type: string }>(
    `SELECT pg_catalog.format_type(atttypid, atttypmod) AS type FROM pg_catalog.pg_attribute
     WHERE attrelid = $1::regclass AND attname = $2`,
    [`${identifier(table.schema)}.${identifier(table.name)}`, column],
  );
  return rows[0]!.type;
}
