import type { components } from '../../../openapi/types.ts';
import { Problem } from '../../errors.ts';
import { type MaskingCatalog, tableName } from '../catalog.ts';
import { planMasking } from '../plan.ts';
import { type ColumnRule, isKeep, type Policy } from '../policy.ts';
import { type Tied, tiedColumns, uniqueKeysOf } from '../ties.ts';
import type { Decision } from './decide.ts';
import { type ColumnFacts, decideColumn } from './decide-column.ts';
import { missedBy } from './document-rule.ts';
import { type FittedColumn, firstFitting, ruleIn } from './fit.ts';
import { wordsOf } from './names-of-columns.ts';
import { type ColumnSample, unseen } from './samples.ts';

type Proposal = components['schemas']['PolicyProposal'];
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

/** From this confidence on, values that look like somebody's count against a rule that keeps them. */
const sureEnough = 0.6;

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

type Outcome = Pick<Suggestion, 'proposals' | 'unclassified'>;

function proposeFor(tied: Tied, input: SuggestionInput, policy: Policy, tableWords: ReadonlySet<string>): Outcome {
  const members = tied.columns.map((fitted) => {
    const name = tableName(fitted.table);
    const sample = input.sampleOf(name, fitted.column.name) ?? unseen;
    const own = Object.hasOwn(policy.tables, name) ? policy.tables[name] : undefined;
    return {
      fitted,
      present: ruleIn(own ? policy : { ...policy, tables: { ...policy.tables, [name]: {} } }, fitted),
      sample,
      decision: decideColumn(fitted.table, fitted.column, factsOf(fitted, input, tableWords), sample),
    };
  });
  const wrong = (member: (typeof members)[number]) =>
    looksWrong(member.present, member.fitted, member.decision, member.sample);
  const open = members.filter((member) => typeof member.present === 'string' || wrong(member));
  if (open.length === 0) return { proposals: [], unclassified: [] };

  const settled = members.find((member) => typeof member.present === 'object' && !wrong(member));
  if (settled) {
    const rule = settled.present as ColumnRule;
    const other = `${tableName(settled.fitted.table)}.${settled.fitted.column.name}`;
    const reason = `a foreign key ties it to ${other}, whose rule this is`;
    return {
      proposals: open.map((member) => proposalOf(member.fitted, member.present, rule, 0.95, reason)),
      unclassified: [],
    };
  }
  return proposeAlike(
    tied,
    open.map(({ fitted, present, decision, sample }) => ({
      fitted,
      present,
      decision: wrong({ fitted, present, decision, sample }) ?? decision,
    })),
  );
}

interface OpenMember {
  fitted: FittedColumn;
  present: ColumnRule | 'missing' | 'unfit';
  decision: Decision;
}

/** One rule for all: the surest mask that all can hold, or keep where nothing speaks for a mask. */
function proposeAlike(tied: Tied, members: OpenMember[]): Outcome {
  const columns = members.map(({ fitted }) => fitted);
  const rootKeeps = members.some(({ fitted, decision }) => fitted === tied.root && decision.is === 'keep');
  // What refers to a surrogate key is one, whatever its name says.
  const masks = members.flatMap(({ decision }) =>
    decision.is === 'mask' && (decision.seen || !rootKeeps) ? [decision] : [],
  );
  masks.sort((a, b) => b.confidence - a.confidence);
  for (const decision of masks) {
    const rule = firstFitting(decision.rules, columns);
    if (rule) return together(tied, members, rule, decision);
  }
  const keeping = members.find(
    ({ fitted, decision }) => decision.is === 'keep' && (fitted === tied.root || !rootKeeps),
  );
  const isTold = rootKeeps || members.every(({ decision }) => decision.is === 'keep');
  if (keeping?.decision.is === 'keep' && masks.length === 0 && isTold) {
    return together(tied, members, { keep: keeping.decision.why }, keeping.decision);
  }
  return {
    proposals: [],
    unclassified: members.map(({ fitted, decision }) => ({
      ...placeOf(fitted),
      reason:
        decision.is === 'mask'
          ? `${decision.reason}; but no mask for that fits ${tied.columns.length > 1 ? 'all columns that foreign keys tie together' : describe(fitted)}`
          : decision.reason,
    })),
  };
}

function together(
  tied: Tied,
  members: OpenMember[],
  rule: ColumnRule,
  decision: { confidence: number; reason: string },
): Outcome {
  const proposals = members.map((member) => {
    const key = tied.keyOf(member.fitted);
    if (key === undefined || tied.columns.length === 1)
      return proposalOf(member.fitted, member.present, rule, decision.confidence, decision.reason);
    const root = `${tableName(tied.root.table)}.${tied.root.column.name}`;
    const own = isKeep(rule) ? { keep: `refers to ${root}` } : rule;
    const reason = `the foreign key ${key} ties it to ${root}: ${decision.reason}`;
    return proposalOf(member.fitted, member.present, own, decision.confidence, reason);
  });
  return { proposals, unclassified: [] };
}

/** What a rule that is there lets through, or the column cannot hold. */
function looksWrong(
  present: OpenMember['present'],
  fitted: FittedColumn,
  decision: Decision,
  sample: ColumnSample,
): Decision | undefined {
  if (typeof present === 'string') return present === 'unfit' ? decision : undefined;
  if (isKeep(present)) {
    const isSomebodys = decision.is === 'mask' && decision.seen && decision.confidence >= sureEnough;
    return isSomebodys ? { ...decision, reason: `the policy keeps it, but ${decision.reason}` } : undefined;
  }
  if (present.mask === 'json' && sample.documents) return missedBy(present, fitted.table.name, sample.documents);
  return undefined;
}

function factsOf(
  { table, column, unique: _ }: FittedColumn,
  input: SuggestionInput,
  tableWords: ReadonlySet<string>,
): ColumnFacts {
  const stem = wordsOf(column.name).replace(/_id$/, '');
  return {
    isEnum: input.enumTypes.has(column.baseType),
    isPartitionKey: input.partitionKeys.has(`${tableName(table)}.${column.name}`),
    isKey: uniqueKeysOf(input.catalog, table).some(({ columns }) => columns.length === 1 && columns[0] === column.name),
    namesTable: [stem, `${stem}s`, `${stem}es`, stem.replace(/y$/, 'ies')].some((word) => tableWords.has(word)),
  };
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

function proposalOf(
  fitted: FittedColumn,
  present: OpenMember['present'],
  rule: ColumnRule,
  confidence: number,
  reason: string,
): Proposal {
  const replaces = typeof present === 'object' ? { replaces: { ...present } } : {};
  return { ...placeOf(fitted), rule: { ...rule }, confidence, reason, ...replaces };
}

function placeOf({ table, column }: FittedColumn) {
  return { table: tableName(table), column: column.name, type: column.type };
}

function describe({ column, unique }: FittedColumn): string {
  return unique ? `a unique ${column.type}` : column.type;
}
