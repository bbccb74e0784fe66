import type { HeldLock, Rewrite, Scan } from '../observed.ts';
import type { NamedTable, Node, ParsedStatement } from '../sql.ts';

/** `error`: it fails, or stops a table that is in use. `warning`: it may. `advice`: there is a better way. */
export type Severity = 'error' | 'warning' | 'advice';

/** How the same is done without the harm: as SQL and, where the migration would say it so, as SeaORM code. */
export interface Safer {
  sql: string;
  seaorm?: string;
}

export interface Hit {
  /** `shop.orders`, `shop.orders.placed_at` */
  where: string;
  why: string;
  safer?: Safer;
}

/** One statement of a migration, and what was seen when it ran. */
export interface Fact {
  statement: ParsedStatement;
  migration?: string;
  /** Where it ran in another database of the cluster. */
  database?: string;
  /** The table it names first, with its schema where that is known. */
  table: string;
  /** Tables that were there before the release: what happens to others blocks nobody. */
  existed(table: NamedTable): boolean;
  /** With its schema where the table was there before, else as it is written. */
  nameOf(table: NamedTable): string;
  locks: HeldLock[];
  /** What an earlier statement of the transaction had taken on its table. */
  heldBefore: HeldLock[];
  rewrites: Rewrite[];
  scans: Scan[];
  /** It failed: there are no observed facts, only its text and what Postgres said. */
  failed?: { code?: string; message: string };
}

export interface Rule {
  id: string;
  severity: Severity;
  /** Every place where a statement breaks it. */
  find(fact: Fact): Hit[];
}

/** The commands of an ALTER TABLE, or none. */
export function commandsOf({ statement }: Fact): { subtype: string; name: string; def: Node }[] {
  if (statement.type !== 'AlterTableStmt') return [];
  return (statement.node.cmds as { AlterTableCmd: Node }[]).map(({ AlterTableCmd: command }) => ({
    subtype: (command.subtype as string).replace('AT_', ''),
    name: (command.name as string | undefined) ?? '',
    def: Object.values((command.def as Record<string, Node> | undefined) ?? {})[0] ?? {},
  }));
}

/** The columns that a statement adds: with a new table, or to one. */
export function columnsOf(fact: Fact): Node[] {
  const { type } = fact.statement;
  if (type === 'CreateStmt') return elementsOf(fact, 'ColumnDef');
  return commandsOf(fact).flatMap(({ subtype, def }): Node[] => (subtype === 'AddColumn' ? [def] : []));
}

/** What a CREATE TABLE lists: columns, or constraints of the table. */
export function elementsOf({ statement }: Fact, kind: 'ColumnDef' | 'Constraint'): Node[] {
  const elements = (statement.node.tableElts ?? []) as { [kind: string]: Node }[];
  return elements.flatMap((element): Node[] => (element[kind] ? [element[kind]] : []));
}

/** `int4`, `varchar`: the last part of a type's name. */
export function typeOf(column: Node): string {
  const names = (column.typeName as { names?: { String: { sval: string } }[] } | undefined)?.names ?? [];
  return names.at(-1)?.String.sval ?? '';
}

/** `CONSTR_NOTNULL` and its like, as a column or a table has them. */
export function constraintsOf(column: Node): Node[] {
  return ((column.constraints ?? []) as { Constraint: Node }[]).map(({ Constraint }) => Constraint);
}

export function has(column: Node, kind: string): boolean {
  return constraintsOf(column).some(({ contype }) => contype === `CONSTR_${kind}`);
}

/** The constraints that an ALTER TABLE adds. */
export function addedConstraints(fact: Fact): Node[] {
  return commandsOf(fact).flatMap(({ subtype, def }): Node[] => (subtype === 'AddConstraint' ? [def] : []));
}
