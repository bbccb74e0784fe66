import { blockingLocks, type HeldLock, type Observed } from '../observed.ts';
import { type NamedTable, parseSql, tablesOf } from '../sql.ts';
import { deadlockRules, deadlocks, type ForeignKey } from './deadlocks.ts';
import type { Fact, Rule, Safer, Severity } from './rule.ts';
import { blocking } from './rules/blocking.ts';
import { design, foreignKeysOf } from './rules/design.ts';
import { runningRelease } from './rules/running-release.ts';
import { transactions } from './rules/transactions.ts';

export interface Finding {
  id: string;
  severity: Severity;
  migration?: string;
  /** The table, column, index or type. */
  where: string;
  /** Where it is another database of the cluster. */
  database?: string;
  why: string;
  sql: string;
  /** The strongest lock that the statement took on a table that was there before, and how long that was held. */
  lock?: { table: string; mode: string; heldMs: number };
  safer?: Safer;
  /** The project lives with it. */
  suppressed?: { reason: string; until: string };
}

/** What a project lives with: a rule, everywhere or at one place, for a time. */
export interface Suppression {
  rule: string;
  /** `shop.orders` or `shop.orders.total`; everywhere without it. */
  where?: string;
  reason: string;
  /** A day; from then on the finding counts again. */
  until: string;
}

export interface Known {
  /** `schema.table` of what was there before. */
  tables: ReadonlySet<string>;
  searchPath: string[];
  /** The project's budget. */
  maxLockMs: number;
  /** Foreign keys, after the run, whose columns no index begins with. */
  unindexedForeignKeys: { table: string; columns: string[] }[];
  /** Before the run: what the running release lives with. */
  foreignKeys: ForeignKey[];
}

const rules: Rule[] = [...blocking, ...runningRelease, ...transactions, ...design];

/** Every rule that there is. */
export const ruleIds: string[] = [
  ...new Set([
    ...rules.map(({ id }) => id),
    'foreign-key-without-index',
    'work-under-lock',
    'several-alters',
    ...deadlockRules,
  ]),
];

/** Holds the rules against each statement, and what was seen of it. An observed fact beats what its text might mean. */
export function findingsOf(observed: Observed, known: Known): Finding[] {
  return [
    ...factsOf(observed, known).flatMap((fact) => [
      ...rules.flatMap(({ id, severity, find }) => find(fact).map((hit) => ({ id, severity, ...hit, ...about(fact) }))),
      ...withoutIndex(fact, known),
    ]),
    ...workUnderLock(observed),
    ...severalAlters(observed, known),
    ...deadlocks(observed.locks, known.foreignKeys),
  ].map((finding) => (wasBrief(finding, known.maxLockMs) ? { ...finding, severity: 'warning' as const } : finding));
}

/** Blocks somebody, but was seen to do so for a time that the project can live with. */
function wasBrief({ id, severity, lock }: Finding, maxLockMs: number): boolean {
  return (
    severity === 'error' && blocking.some((rule) => rule.id === id) && lock !== undefined && lock.heldMs <= maxLockMs
  );
}

export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Marks what the project lives with on this day (`2026-01-31`). */
export function suppress(findings: Finding[], suppressions: Suppression[], today: string): Finding[] {
  return findings.map((finding) => {
    const covers = ({ rule, where, until }: Suppression) =>
      rule === finding.id && (where === undefined || where === finding.where) && until > today;
    const found = suppressions.find(covers);
    return found ? { ...finding, suppressed: { reason: found.reason, until: found.until } } : finding;
  });
}

function factsOf(observed: Observed, known: Known): Fact[] {
  const failures = observed.errors.flatMap(({ sql, ...failed }) => (sql ? [{ sql, ...failed, failed }] : []));
  return [...observed.statements, ...failures].flatMap((ran) => {
    const parts = parseSql(ran.sql);
    const { database } = ran;
    // Of another database's tables nothing is known but what is written.
    const fullName = (table: NamedTable) => (database === undefined ? fullNameOf(table, known) : undefined);
    const existed = (table: NamedTable) => fullName(table) !== undefined;
    return parts.map((statement): Fact => {
      const [first] = tablesOf(statement);
      const ofThis = ({ sql, migration }: { sql: string; migration?: string }) =>
        database === undefined && (sql === ran.sql || sql === statement.text) && migration === ran.migration;
      const failed = 'failed' in ran ? ran.failed : undefined;
      const table = first ? (fullName(first) ?? asWritten(first)) : '';
      const heldBefore = (lock: HeldLock) =>
        'at' in ran && lock.table === table && lock.takenAt <= ran.at && lock.releasedAt > ran.at;
      return {
        ...{ statement, existed, nameOf: (named) => fullName(named) ?? asWritten(named), table },
        heldBefore: observed.locks.filter(heldBefore),
        locks: observed.locks.filter(ofThis),
        rewrites: observed.rewrites.filter(ofThis),
        scans: observed.scans.filter(ofThis),
        ...(ran.migration ? { migration: ran.migration } : {}),
        ...(database === undefined ? {} : { database }),
        ...(failed ? { failed } : {}),
      };
    });
  });
}

function asWritten({ schema, name }: NamedTable): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** The name with its schema of a table that was there before. */
function fullNameOf({ schema, name }: NamedTable, { searchPath, tables }: Known): string | undefined {
  const places = schema === undefined ? searchPath : [schema];
  return places.map((place) => `${place}.${name}`).find((full) => tables.has(full));
}

function about({
  statement,
  migration,
  database,
  locks,
  heldBefore,
}: Fact): Pick<Finding, 'sql' | 'migration' | 'database' | 'lock'> {
  const all = [...locks, ...heldBefore];
  const strongest =
    all.find(({ blocks }) => blocks === 'reads and writes') ?? all.find(({ blocks }) => blocks === 'writes');
  return {
    sql: statement.text,
    ...(migration ? { migration } : {}),
    ...(database === undefined ? {} : { database }),
    ...(strongest ? { lock: lockOf(strongest) } : {}),
  };
}

function lockOf({ table, mode, heldMs }: HeldLock): NonNullable<Finding['lock']> {
  return { table, mode, heldMs };
}

function withoutIndex(fact: Fact, { unindexedForeignKeys: missing }: Known): Finding[] {
  return (fact.database === undefined ? foreignKeysOf(fact) : [])
    .filter(({ table, columns }) =>
      missing.some((key) => key.table.endsWith(table) && key.columns.join() === columns.join()),
    )
    .map(({ table, columns }) => ({
      ...{ id: 'foreign-key-without-index', severity: 'warning' as const, where: `${table}.${columns.join(', ')}` },
      why: 'Each delete or change of a row that is referred to reads this whole table.',
      ...about(fact),
      safer: { sql: `CREATE INDEX CONCURRENTLY ON ${table} (${columns.join(', ')});` },
    }));
}

/** Short enough that nobody notices. */
const unnoticedMs = 100;

/** A lock that goes on being held while other statements run, because they share its transaction. */
function workUnderLock({ locks }: Observed): Finding[] {
  return blockingLocks(locks).flatMap((lock) => {
    const after = lock.heldMs - lock.statementMs;
    if (after < unnoticedMs) return [];
    return [
      {
        ...{
          id: 'work-under-lock',
          severity: 'warning' as const,
          where: lock.table,
          sql: lock.sql,
          lock: lockOf(lock),
        },
        ...(lock.migration ? { migration: lock.migration } : {}),
        why: `After this statement its lock is held for ${after} ms more, while other statements of the transaction run; it blocks ${lock.blocks}.`,
        safer: { sql: '-- make it the last statement, or a release of its own' },
      },
    ];
  });
}

/** Several commands for one table that could be one, and would lock and read it once. */
function severalAlters({ statements }: Observed, known: Known): Finding[] {
  const groups = new Map<string, { migration?: string; sql: string; count: number; where: string }>();
  for (const { sql, migration, database } of statements) {
    if (database !== undefined) continue;
    for (const statement of parseSql(sql)) {
      if (statement.type !== 'AlterTableStmt') continue;
      const [table] = tablesOf(statement);
      const where = table && fullNameOf(table, known);
      if (!where) continue;
      const key = `${migration} ${where}`;
      const group = groups.get(key) ?? { ...(migration ? { migration } : {}), sql: statement.text, count: 0, where };
      groups.set(key, { ...group, count: group.count + 1 });
    }
  }
  return [...groups.values()]
    .filter(({ count }) => count > 1)
    .map(({ count, ...rest }) => ({
      ...{ id: 'several-alters', severity: 'advice' as const, ...rest },
      why: `${count} ALTER TABLE statements for one table: as one, it is read and rewritten at most once.`,
      safer: { sql: `ALTER TABLE ${rest.where} …, …;` },
    }));
}
