import { fingerprintSync, loadModule, normalizeSync, parseSync } from 'libpg-query';
import { identifier } from '../quoting.ts';

/** What is known of a statement from its text alone, by Postgres' own parser. */

// Node runs with --liftoff-only: its optimising compiler takes 500 MB for a moment, and makes this no faster.
await loadModule();

/** A node of the parse tree: https://github.com/pganalyze/libpg_query, whose names are Postgres' own. */
export type Node = { [key: string]: unknown };

export interface ParsedStatement {
  /** `AlterTableStmt` */
  type: string;
  node: Node;
  /** The statement alone, without its semicolon. */
  text: string;
}

const remembered = new Map<string, ParsedStatement[]>();

/** The statements of a text; none when it is not SQL that Postgres' parser takes. */
export function parseSql(text: string): ParsedStatement[] {
  const key = withoutValues(text);
  const known = remembered.get(key);
  if (known) return known;
  const parsed = parse(text);
  if (remembered.size > 500) remembered.clear();
  remembered.set(key, parsed);
  return parsed;
}

/** A backfill sends 100,000 texts that differ in their values only: those are parsed once. */
function withoutValues(text: string): string {
  const plain = /^\s*(insert|update|delete)\b/i.test(text) && !/[\\$;]|--|\/\*/.test(text);
  return plain ? text.replace(/'(?:[^']|'')*'|\b\d+\b/g, '?') : text;
}

function parse(text: string): ParsedStatement[] {
  try {
    const bytes = Buffer.from(text);
    return (parseSync(text).stmts ?? []).map(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
      const [type, node] = Object.entries(stmt as unknown as Record<string, Node>)[0]!;
      const end = length ? from + length : bytes.length;
      return { type, node, text: bytes.toString('utf8', from, end).trim().replace(/;$/, '') };
    });
  } catch {
    return [];
  }
}

/** The same for statements that differ in their values only; undefined for what the parser does not take. */
export function fingerprintOfSql(text: string): string | undefined {
  try {
    return fingerprintSync(text);
  } catch {
    return undefined;
  }
}

const maxShown = 10_000;
const literals = /'(?:[^']|'')*'/g;

/**
 * A text of SQL as a report may show it: values of rows, passwords and whatever else is no definition are `$n`, what
 * defines objects (enum values, defaults) stays readable.
 */
export function shownSql(text: string): string {
  const trimmed = text.trim().replace(/;$/, '');
  // The parser leaves their literals alone: a body, passwords among options, a connection string.
  if (/^(do|(create|alter)\s+(user\s+mapping|server|subscription))\b/i.test(trimmed))
    return trimmed.replace(literals, "'…'").slice(0, maxShown);
  try {
    return normalizeSync(trimmed).slice(0, maxShown);
  } catch {
    return trimmed.replace(literals, "'…'").slice(0, maxShown);
  }
}

/** A table as a statement names it. */
export interface NamedTable {
  schema?: string;
  name: string;
}

/** Every table that a statement names, its target first; names of its common table expressions are not tables. */
export function tablesOf({ node }: ParsedStatement): NamedTable[] {
  const tables: NamedTable[] = [];
  const expressions = new Set<string>();
  walk(node, (inner) => {
    if (typeof inner.ctename === 'string') expressions.add(inner.ctename);
    if (typeof inner.relname === 'string') tables.push(tableOf(inner));
  });
  return tables.filter(({ schema, name }) => schema !== undefined || !expressions.has(name));
}

/** Visits each object of a parse tree, outer ones first; a tree may be deeper than the stack. */
function walk(root: unknown, visit: (node: Node) => void): void {
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) visit(value as Node);
    waiting.push(...Object.values(value).reverse());
  }
}

/** `schema.table`, as the names of tables are kept here, for use in a statement. */
export function quotedTable(full: string): string {
  const [schema = '', ...name] = full.split('.');
  return `${identifier(schema)}.${identifier(name.join('.'))}`;
}

/** The other way round. */
export function unquoted(name: string): string {
  return name.replace(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"'));
}

export function tableOf({ schemaname: schema, relname: name }: Node): NamedTable {
  return { ...(typeof schema === 'string' ? { schema } : {}), name: name as string };
}

/** Weakest first: https://www.postgresql.org/docs/17/explicit-locking.html#LOCKING-TABLES */
export const lockModes = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
] as const;
export type LockMode = (typeof lockModes)[number];

/**
 * The table locks of a statement that fires no event trigger, as the documentation of Postgres gives them: of what
 * fires one, and of what a statement locks beyond what it names, Postgres itself is asked.
 */
export function locksByText(statement: ParsedStatement): { table: NamedTable; mode: LockMode }[] {
  const { type, node } = statement;
  const named = tablesOf(statement);
  const all = (mode: LockMode) => named.map((table) => ({ table, mode }));
  const target = (mode: LockMode) => named.map((table, index) => ({ table, mode: index === 0 ? mode : lockModes[0] }));
  switch (type) {
    case 'LockStmt':
      return all(lockModes[(node.mode as number) - 1]!);
    case 'TruncateStmt':
    case 'ClusterStmt':
      return all('AccessExclusiveLock');
    case 'VacuumStmt':
      return all(hasOption(node.options, 'full') ? 'AccessExclusiveLock' : 'ShareUpdateExclusiveLock');
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt':
      return target('RowExclusiveLock');
    case 'CopyStmt':
      return target(node.is_from ? 'RowExclusiveLock' : 'AccessShareLock');
    case 'SelectStmt':
      return all(node.lockingClause ? 'RowShareLock' : 'AccessShareLock');
    case 'IndexStmt':
      return node.concurrent ? target('ShareUpdateExclusiveLock') : [];
    case 'ReindexStmt':
      return target(hasOption(node.params, 'concurrently') ? 'ShareUpdateExclusiveLock' : 'ShareLock');
    default:
      return [];
  }
}

/** Whether an option is given and not switched off. */
export function hasOption(options: unknown, name: string): boolean {
  const found = (options as { DefElem?: Node }[] | undefined)?.find(({ DefElem: option }) => option?.defname === name);
  if (!found) return false;
  const { arg } = found.DefElem as { arg?: { String?: { sval: string }; Boolean?: { boolval?: boolean } } };
  if (arg?.Boolean) return arg.Boolean.boolval === true;
  return !['false', 'off', '0'].includes(arg?.String?.sval.toLowerCase() ?? '');
}

/** What a statement does to the transaction it is in. */
export function transactionStep({ type, node }: ParsedStatement): 'begins' | 'ends' | undefined {
  if (type !== 'TransactionStmt') return undefined;
  const kind = (node.kind as string).replace('TRANS_STMT_', '');
  if (kind === 'BEGIN' || kind === 'START') return 'begins';
  return ['COMMIT', 'ROLLBACK', 'PREPARE'].includes(kind) ? 'ends' : undefined;
}

/** https://www.postgresql.org/docs/17/event-trigger-matrix.html names what does; this is what does not. */
const silent =
  /^(Select|Insert|Update|Delete|Merge|Transaction|Copy|Truncate|Lock|Vacuum|Cluster|VariableSet|VariableShow|Do|Call|Explain|Prepare|Execute|Deallocate|DeclareCursor|Fetch|Listen|Notify|Unlisten|Discard|CheckPoint|Load|ConstraintsSet|Reindex|CreateRole|AlterRole|AlterRoleSet|DropRole|GrantRole|Createdb|AlterDatabase|AlterDatabaseSet|Dropdb|CreateTableSpace|DropTableSpace)Stmt$/;

export function firesEventTrigger({ type }: ParsedStatement): boolean {
  return !silent.test(type);
}
