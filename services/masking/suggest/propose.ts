import { tableName } from '../catalog.ts';
import { type Tied, uniqueKeysOf } from '../plan/ties.ts';
import type { Policy } from '../policy/policy.ts';
import { type ColumnRule, isKeep } from '../policy/rule.ts';
import type { Decision } from './decide.ts';
import { type ColumnFacts, decideColumn } from './decide-column.ts';
import { missedBy } from './document-rule.ts';
import { type FittedColumn, firstFitting, ruleIn } from './fit.ts';
import { wordsOf } from './names-of-columns.ts';
import { type ColumnSample, unseen } from './samples.ts';
import type { Proposal, Suggestion, SuggestionInput } from './suggest.ts';

/** From this confidence on, values that look like somebody's count against a rule that keeps them. */
const sureEnough = 0.6;

type Outcome = Pick<Suggestion, 'proposals' | 'unclassified'>;

/** Proposes for columns that foreign keys tie together, or for one that none ties. */
export function proposeFor(
  tied: Tied,
  input: SuggestionInput,
  policy: Policy,
  tableWords: ReadonlySet<string>,
): Outcome {
  const members = tied.columns.map((fitted): Member => {
    const sample = input.sampleOf(tableName(fitted.table), fitted.column.name) ?? unseen;
    const present = ruleIn(policy, fitted);
    const decision = decideColumn(fitted.table, fitted.column, factsOf(fitted, input, tableWords), sample);
    const wrong = looksWrong(present, fitted, decision, sample);
    const isOpen = typeof present === 'string' || wrong !== undefined;
    return { fitted, present, decision: wrong ?? decision, isOpen };
  });
  const open = members.filter(({ isOpen }) => isOpen);
  if (open.length === 0) return { proposals: [], unclassified: [] };
  // A rule that looks wrong at one end is wrong at all.
  if (open.some(({ present }) => typeof present === 'object')) return proposeAlike(tied, members);
  const settled = members.find(({ isOpen }) => !isOpen);
  if (!settled) return proposeAlike(tied, open);
  const rule = settled.present as ColumnRule;
  const other = `${tableName(settled.fitted.table)}.${settled.fitted.column.name}`;
  const reason = `a foreign key ties it to ${other}, whose rule this is`;
  return { proposals: open.map((member) => proposalOf(member, rule, 0.95, reason)), unclassified: [] };
}

interface Member {
  fitted: FittedColumn;
  /** What the policy says of it already. */
  present: ColumnRule | 'missing' | 'unfit';
  decision: Decision;
  /** It has no rule, or one that looks wrong. */
  isOpen: boolean;
}

/** One rule for all: the surest mask that all can hold, or keep where nothing speaks for a mask. */
function proposeAlike(tied: Tied, members: Member[]): Outcome {
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
  members: Member[],
  rule: ColumnRule,
  decision: { confidence: number; reason: string },
): Outcome {
  const proposals = members.map((member) => {
    const key = tied.keyOf(member.fitted);
    if (key === undefined || tied.columns.length === 1)
      return proposalOf(member, rule, decision.confidence, decision.reason);
    const root = `${tableName(tied.root.table)}.${tied.root.column.name}`;
    const own = isKeep(rule) ? { keep: `refers to ${root}` } : rule;
    const reason = `the foreign key ${key} ties it to ${root}: ${decision.reason}`;
    return proposalOf(member, own, decision.confidence, reason);
  });
  return { proposals, unclassified: [] };
}

/** What a rule that is there lets through, or the column cannot hold. */
function looksWrong(
  present: Member['present'],
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
  { table, column }: FittedColumn,
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

function proposalOf({ fitted, present }: Member, rule: ColumnRule, confidence: number, reason: string): Proposal {
  const replaces = typeof present === 'object' ? { replaces: { ...present } } : {};
  return { ...placeOf(fitted), rule: { ...rule }, confidence, reason, ...replaces };
}

function placeOf({ table, column }: FittedColumn) {
  return { table: tableName(table), column: column.name, type: column.type };
}

function describe({ column, unique }: FittedColumn): string {
  return unique ? `a unique ${column.type}` : column.type;
}
