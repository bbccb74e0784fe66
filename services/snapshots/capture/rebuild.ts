import type pg from 'pg';
import { Problem } from '../../errors.ts';
import type { PlannedTable } from '../../masking/plan/plan.ts';
import { isKeep } from '../../masking/policy/rule.ts';
import { identifier, literal } from '../../quoting.ts';
import { withoutValues } from '../../sources/errors.ts';

/** Holds what computes columns while rows come in; nothing of it is in the snapshot. */
const schema = 'greenroom_rebuild';

/**
 * Has Postgres compute the columns that are rebuilt as their rows come in, by triggers that fire where the
 * application's own do not: an UPDATE afterwards would write every row twice.
 *
 * @throws Problem `policy-invalid` naming a column whose text search configuration the source does not have.
 */
export async function installRebuilds(target: pg.Client, tables: readonly PlannedTable[]): Promise<void> {
  const columns = tables.flatMap((table) =>
    table.columns.flatMap(({ name, rule }) =>
      isKeep(rule) || rule.mask !== 'rebuild' ? [] : [{ table, name, from: rule.columns as string[], rule }],
    ),
  );
  if (columns.length === 0) return;
  await target.query(`CREATE SCHEMA ${schema}`);
  for (const [index, { table, name, from, rule }] of columns.entries()) {
    const config = literal(String(rule.config ?? 'simple'));
    const where = `${table.schema}.${table.name}.${name}`;
    await target.query(`SELECT ${config}::regconfig`).catch((error) => {
      throw new Problem('policy-invalid', `${where} cannot be rebuilt: ${withoutValues(error)}`, {
        where,
        remedy: 'Give `config` as the source calls it, with its schema: public.german_unaccented',
      });
    });
    const text = from.map((column) => `coalesce(NEW.${identifier(column)}::text, '')`).join(` || ' ' || `);
    const body = `BEGIN
      NEW.${identifier(name)} := pg_catalog.to_tsvector(${config}::regconfig, ${text});
      RETURN NEW;
    END`;
    const onto = `${identifier(table.schema)}.${identifier(table.name)}`;
    await target.query(`
      CREATE FUNCTION ${schema}.column_${index}() RETURNS trigger LANGUAGE plpgsql AS ${literal(body)};
      CREATE TRIGGER greenroom_rebuild_${index} BEFORE INSERT ON ${onto}
        FOR EACH ROW WHEN (NEW.${identifier(name)} IS NOT NULL) EXECUTE FUNCTION ${schema}.column_${index}();
      ALTER TABLE ${onto} ENABLE ALWAYS TRIGGER greenroom_rebuild_${index}`);
  }
}

/** Removes what `installRebuilds` made, its triggers too. */
export async function removeRebuilds(target: pg.Client): Promise<void> {
  await target.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
}
