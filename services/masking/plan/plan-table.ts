import { type Mistake, Problem } from '../../errors.ts';
import { type MaskingCatalog, tableName } from '../catalog.ts';
import type { Policy } from '../policy/policy.ts';
import { type MaskingPlan, planMasking } from './plan.ts';
import { tiedColumns } from './ties.ts';

/**
 * The plan of one table, of each of its partitions for a partitioned one, as a capture would make it; what the policy
 * lacks elsewhere does not matter here.
 *
 * @param name `schema.table` of a table that is captured.
 * @param changes of the source's schema since the policy was set; those of other tables do not matter, those of composite
 *   types do.
 * @throws Problem `schema-changed`, `policy-invalid`, `policy-incomplete` with the mistakes that would stop a capture at this table.
 */
export function planTable(
  catalog: MaskingCatalog,
  policy: Policy,
  name: string,
  changes: readonly Mistake[] = [],
): MaskingPlan {
  const isOf = ({ where }: Mistake) => where === name || where.startsWith(`${name}.`);
  const own = changes.filter((change) => isOf(change) || ownerOf(change.where, catalog, policy, name) === undefined);
  const ownPlaces = new Set(own.map(({ where }) => where));
  let left = withUniqueTies(catalog, name);
  // What is kept of sequences is no table's.
  let rest: Policy = { ...policy, sequences: {} };
  for (;;) {
    try {
      const parts = new Set(left.tables.filter((table) => rootOf(table) === name).map(tableName));
      const plan = planMasking(left, rest, { changes: own });
      return { ...plan, tables: plan.tables.filter((table) => parts.has(tableName(table))) };
    } catch (error) {
      if (!(error instanceof Problem) || !error.errors) throw error;
      const here = error.errors.filter((mistake) => isOf(mistake) || ownPlaces.has(mistake.where));
      if (here.length > 0) throw restricted(error, here);
      const others = error.errors.map(({ where }) => ownerOf(where, left, rest, name));
      if (others.includes(undefined)) throw error;
      [left, rest] = without(new Set(others as string[]), left, rest);
    }
  }
}

function restricted({ code, message }: Problem, errors: Mistake[]): Problem {
  return new Problem(code, message, { where: errors[0]!.where, errors });
}

/** The other table that a mistake is in; undefined for what concerns the policy as a whole. */
function ownerOf(where: string, catalog: MaskingCatalog, policy: Policy, name: string): string | undefined {
  const names = [...Object.keys(policy.tables), ...catalog.tables.map(tableName)];
  const fitting = names.filter((other) => other !== name && (where === other || where.startsWith(`${other}.`)));
  return fitting.sort((a, b) => b.length - a.length)[0];
}

function without(gone: ReadonlySet<string>, catalog: MaskingCatalog, policy: Policy): [MaskingCatalog, Policy] {
  const tables = catalog.tables.filter((table) => !gone.has(tableName(table)) && !gone.has(rootOf(table)));
  const kept = new Set(tables.map(tableName));
  const foreignKeys = catalog.foreignKeys.filter(({ table, references }) => kept.has(table) && kept.has(references));
  const rules = Object.fromEntries(Object.entries(policy.tables).filter(([table]) => !gone.has(table)));
  return [
    { ...catalog, tables, foreignKeys },
    { ...policy, tables: rules, ...withoutOthers(policy, kept) },
  ];
}

/** What ties or groups columns of tables that are there. */
function withoutOthers({ links = [], quasiIdentifiers = {} }: Policy, kept: ReadonlySet<string>) {
  const isKept = (column: string) => [...kept].some((table) => column.startsWith(`${table}.`));
  return {
    links: links.filter(({ from, to }) => isKept(from) && isKept(to)),
    quasiIdentifiers: Object.fromEntries(Object.entries(quasiIdentifiers).filter(([table]) => kept.has(table))),
  };
}

/** Says at the table itself what has to be unique because of tables that may be left out. */
function withUniqueTies(catalog: MaskingCatalog, name: string): MaskingCatalog {
  const unique = tiedColumns(catalog).flatMap(({ columns }) =>
    columns.filter((one) => one.unique && tableName(one.table) === name).map(({ column }) => column.name),
  );
  const keys = unique.map((column) => ({ name: column, columns: [column] }));
  const tables = catalog.tables.map((table) =>
    rootOf(table) === name ? { ...table, uniqueKeys: [...table.uniqueKeys, ...keys] } : table,
  );
  return { ...catalog, tables };
}

function rootOf(table: MaskingCatalog['tables'][number]): string {
  return table.partitionOf ?? tableName(table);
}
