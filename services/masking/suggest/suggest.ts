import type { components } from '../../../openapi/types.ts';
import { Problem } from '../../errors.ts';
import type { MaskingCatalog } from '../catalog.ts';
import { planMasking } from '../plan/plan.ts';
import { tiedColumns } from '../plan/ties.ts';
import type { Policy } from '../policy/policy.ts';
import { wordsOf } from './names-of-columns.ts';
import { proposeFor } from './propose.ts';
import type { ColumnSample } from './samples.ts';

export type Proposal = components['schemas']['PolicyProposal'];
type Unclassified = components['schemas']['UnclassifiedColumn'];

export interface SuggestionInput {
  catalog: MaskingCatalog;
  /** What there is already: only what it lacks, and what looks wrong, is proposed. */
  policy: Policy | undefined;
  /** What was seen of a column. */
  sampleOf: (table: string, column: string) => ColumnSample | undefined;
  /** Names of types, as `CatalogColumn.baseType`. */
  enumTypes: ReadonlySet<string>;
  /** As `schema.table.column`. */
  partitionKeys: ReadonlySet<string>;
}

export interface Suggestion {
  policy: Policy;
  proposals: Proposal[];
  unclassified: Unclassified[];
}

/** Proposes a rule for each column that needs one. Says what was seen in numbers, and never a value. */
export function suggestPolicy(input: SuggestionInput): Suggestion {
  const policy = input.policy ?? { tables: {} };
  const tableWords = new Set(input.catalog.tables.map(({ name }) => wordsOf(name)));
  const proposals: Proposal[] = [];
  const unclassified: Unclassified[] = [];
  for (const tied of tiedColumns(input.catalog)) {
    const outcome = proposeFor(tied, input, policy, tableWords);
    proposals.push(...outcome.proposals);
    unclassified.push(...outcome.unclassified);
  }
  return settle(input, policy, proposals, unclassified);
}

/** Holds the whole against the plan of a capture: what that refuses is not proposed after all. */
function settle(
  input: SuggestionInput,
  policy: Policy,
  proposals: Proposal[],
  unclassified: Unclassified[],
): Suggestion {
  const refused = new Map<string, string>();
  try {
    planMasking(input.catalog, withProposals(policy, proposals));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    for (const { where, what } of error.errors ?? []) refused.set(where, what);
  }
  const isRefused = ({ table, column }: { table: string; column: string }) => refused.has(`${table}.${column}`);
  const left = proposals.filter((proposal) => !isRefused(proposal));
  const demoted = proposals.filter(isRefused).map(({ table, column, type, reason }) => ({
    ...{ table, column, type },
    reason: `${reason}; but a rule for that is refused: ${refused.get(`${table}.${column}`)}`,
  }));
  return { policy: withProposals(policy, left), proposals: left, unclassified: [...unclassified, ...demoted] };
}

function withProposals(policy: Policy, proposals: readonly Proposal[]): Policy {
  const tables = Object.fromEntries(Object.entries(policy.tables).map(([name, rules]) => [name, { ...rules }]));
  for (const { table, column, rule } of proposals) {
    tables[table] ??= {};
    Object.defineProperty(tables[table], column, { value: rule, enumerable: true, configurable: true, writable: true });
  }
  return { ...policy, tables };
}
