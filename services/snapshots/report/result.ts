import type pg from 'pg';
import type { components } from '../../../openapi/types.ts';
import { tableName } from '../../masking/catalog.ts';
import type { MaskingPlan } from '../../masking/plan/plan.ts';
import type { Policy } from '../../masking/policy/policy.ts';
import { quasiIdentifiersOf } from '../../masking/policy/quasi-identifiers.ts';
import type { SourceCatalog } from '../../sources/catalog.ts';
import { countColumns, type TableCounts } from './count.ts';
import { countGroups } from './groups.ts';

export interface CountedResult {
  /** By `schema.table`. */
  counts: Map<string, TableCounts>;
  groups: components['schemas']['ReportedGroups'][];
}

/**
 * Counts what the report says of the masked rows, by SQL on the result, after ANALYZE.
 * @throws Problem `capture-failed` where a group is smaller than the policy allows; or the signal's reason.
 */
export async function countResult(
  clients: readonly [pg.Client, ...pg.Client[]],
  of: { catalog: SourceCatalog; plan: MaskingPlan; policy: Policy; copied: Map<string, { rows: number }> },
  signal: AbortSignal,
): Promise<CountedResult> {
  const tables = new Map(of.catalog.tables.map((table) => [tableName(table), table]));
  const groups = await countGroups(clients[0], quasiIdentifiersOf(of.policy.quasiIdentifiers ?? {}), tables, signal);
  const copied = of.plan.tables.map(({ schema, name }) => {
    const id = tableName({ schema, name });
    // Generated columns among them: they are in the result like any other.
    const columns = tables.get(id)!.columns.map((column) => column.name);
    return { schema, name, columns, rows: of.copied.get(id)?.rows ?? 0 };
  });
  return { groups, counts: await countColumns(clients, copied, signal) };
}
