import { loadModule, parseSync } from 'libpg-query';
import { dumpDamaged, dumpInvalid } from './errors.ts';

/** What a script's statements are, by Postgres' own parser, and which of them may be run. A script is anybody's: only what pg_dump writes is. */

await loadModule();

type Node = Record<string, unknown>;

/** A statement of a script, without its syntax tree, which is some 17 times as large. Structured-clonable. */
export interface Statement {
  text: string;
  /** `declare` needs a superuser and runs nothing, `grant` gives rights to what is there then. */
  fate: 'run' | 'declare' | 'grant' | 'extension' | 'populated view' | 'leave out';
  /** Those that it names. */
  roles: string[];
  /** The materialized view that a REFRESH fills, as it is quoted there. */
  view?: { schema: string; name: string };
  extension?: { name: string; schema?: string };
  /** The schema that it makes, and nothing in it. */
  schema?: string;
  /** Does nothing but that. */
  changesOwner?: true;
}

interface Parsed {
  text: string;
  type: string;
  node: Node;
}

/** What is to become of a statement. @throws Problem `dump-invalid` for what the parser does not take, and for what pg_dump does not write */
export function statementOf(text: string): Statement {
  const parsed = parse(text);
  if (!parsed) throw dumpDamaged('a statement of it is not SQL, or is nested deeper than its parser goes', shown(text));
  const { type, node } = parsed;
  const fate = fateOf(parsed);
  return {
    ...{ text, fate, roles: [...rolesIn(parsed.node)] },
    ...(fate === 'populated view' ? { view: viewOf(parsed) } : {}),
    ...(fate === 'extension' ? { extension: extensionOf(parsed) } : {}),
    ...(type === 'CreateSchemaStmt' && !node.schemaElts ? { schema: String(node.schemaname) } : {}),
    ...(isOwnership(parsed) ? { changesOwner: true } : {}),
  };
}

function parse(text: string): Parsed | undefined {
  try {
    const { stmts = [] } = parseSync(text);
    if (stmts.length !== 1) return undefined;
    const [type, node] = Object.entries(stmts[0]!.stmt as unknown as Record<string, Node>)[0]!;
    return { text, type, node };
  } catch {
    return undefined;
  }
}

const types = (names: string) => new Set(names.split(/\s+/).map((name) => `${name}Stmt`));

/** Definitions. */
const run = types(
  `CreateSchema Create AlterTable View CreateSeq AlterSeq CreateFunction AlterFunction CreateTrig Rule
   Index CreateStats AlterStats CreateDomain AlterDomain CompositeType CreateEnum AlterEnum CreateRange Define AlterType
   CreateCast CreateTransform CreateConversion CreateAm AlterOperator
   AlterTSDictionary AlterTSConfiguration CreatePLang CreatePolicy AlterOwner
   AlterObjectDepends CreateFdw CreateForeignServer CreateForeignTable`,
);

const grants = types('Grant AlterDefaultPrivileges');
/** Any other access method's functions trust what they are given. */
const operatorClasses = types('CreateOpClass CreateOpFamily AlterOpFamily');
const soundMethods = new Set(['btree', 'hash']);

/** What a capture leaves out in any case, and what is of no use without it. */
const leftOut = types(
  `Comment SecLabel CreateUserMapping CreatePublication AlterPublication CreateSubscription AlterSubscription
   CreateEventTrig AlterEventTrig Transaction`,
);
const ofLeftOut = new Set(['OBJECT_PUBLICATION', 'OBJECT_SUBSCRIPTION', 'OBJECT_EVENT_TRIGGER', 'OBJECT_LARGEOBJECT']);

const functions = new Map<string, 'run' | 'leave out'>([
  ['setval', 'run'],
  ['set_config', 'run'],
  ['lo_create', 'run'],
  // Contents of large objects.
  ...['lo_open', 'lowrite', 'lo_close'].map((name) => [name, 'leave out'] as const),
]);

/** @throws Problem `dump-invalid` for one that pg_dump does not write, naming its first words */
function fateOf({ type, node, text }: Parsed): Statement['fate'] {
  if (leftOut.has(type)) return 'leave out';
  if (ofLeftOut.has(String(node.objectType ?? node.objtype))) return 'leave out';
  if (grants.has(type)) return 'grant';
  if (type === 'CreateExtensionStmt') return 'extension';
  if (operatorClasses.has(type)) return soundMethods.has(String(node.amname)) ? 'declare' : 'run';
  if (type === 'RefreshMatViewStmt') return 'populated view';
  if (type === 'VariableSetStmt') return fateOfSetting(node, text);
  if (type === 'SelectStmt') return fateOfCall(node, text);
  const isView =
    type === 'CreateTableAsStmt' && node.objtype === 'OBJECT_MATVIEW' && (node.into as Node).skipData === true;
  if (run.has(type) || isView) return 'run';
  if (type === 'InsertStmt')
    throw dumpInvalid('its rows are INSERTs', 'Make it without --inserts and --column-inserts.', shown(text));
  if (/Role(Set)?Stmt$|DatabaseStmt$|TableSpaceStmt$/.test(type) || type === 'CreatedbStmt') {
    throw dumpInvalid(
      'it is of a whole cluster, or was made with --create',
      'Make it with pg_dump of the one database, without --create.',
      shown(text),
    );
  }
  throw unheardOf(text);
}

function fateOfSetting({ name, kind, args }: Node, text: string): 'run' | 'leave out' {
  if (kind !== 'VAR_SET_VALUE') throw unheardOf(text);
  // The image has none of production's.
  if (name === 'default_tablespace') return 'leave out';
  // What is run is what was parsed.
  const value = (args as [{ A_Const?: { sval?: { sval?: string } } }])[0].A_Const?.sval?.sval;
  if (name === 'standard_conforming_strings' && value !== 'on') throw unheardOf(text);
  return 'run';
}

/** `SELECT function(constants)` of a function that pg_dump calls. */
function fateOfCall(node: Node, text: string): 'run' | 'leave out' {
  const known = ['targetList', 'limitOption', 'op'];
  const [target, ...others] = (node.targetList ?? []) as { ResTarget: { val: { FuncCall?: Node } } }[];
  const call = target?.ResTarget.val.FuncCall;
  const names = ((call?.funcname ?? []) as { String: { sval: string } }[]).map(({ String: { sval } }) => sval);
  const fate = names.length === 2 && names[0] === 'pg_catalog' ? functions.get(names[1]!) : undefined;
  const args = (call?.args ?? []) as Node[];
  if (!fate || others.length > 0 || Object.keys(node).some((key) => !known.includes(key)) || !args.every(isConstant))
    throw unheardOf(text);
  return fate;
}

function isConstant(node: Node): boolean {
  if ('A_Const' in node) return true;
  return 'TypeCast' in node && isConstant((node.TypeCast as { arg: Node }).arg);
}

function unheardOf(text: string): Error {
  return dumpInvalid('it holds a statement that pg_dump does not write', undefined, shown(text));
}

/** Its first words. What follows may be a value. */
export function shown(text: string): string {
  return /^\s*((?:[A-Za-z_]+\s+){0,2}[A-Za-z_]+)/.exec(text)?.[1]?.replace(/\s+/g, ' ') ?? 'no statement';
}

function rolesIn(node: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(node)) for (const item of node) rolesIn(item, found);
  else if (typeof node === 'object' && node !== null) {
    const { roletype, rolename } = node as Node;
    if (roletype === 'ROLESPEC_CSTRING') found.add(String(rolename));
    for (const value of Object.values(node)) rolesIn(value, found);
  }
  return found;
}

export interface CopyOf {
  schema: string;
  table: string;
  columns: string[];
}

/** What rows of a dump go into. @throws Problem `dump-invalid` */
export function copyOf(text: string): CopyOf {
  const { type, node } = parse(text) ?? {};
  const {
    relation,
    attlist = [],
    is_from,
    is_program,
    filename,
    options,
  } = (node ?? {}) as {
    relation?: { schemaname?: string; relname: string };
    attlist?: { String: { sval: string } }[];
  } & Node;
  if (type !== 'CopyStmt' || !relation?.schemaname || !is_from || is_program || filename || options)
    throw unheardOf(text);
  return { schema: relation.schemaname, table: relation.relname, columns: attlist.map(({ String: { sval } }) => sval) };
}

function extensionOf({ node, text }: Parsed): { name: string; schema?: string } {
  const options = ((node.options ?? []) as { DefElem: { defname: string; arg?: { String?: { sval: string } } } }[]).map(
    ({ DefElem }) => DefElem,
  );
  if (options.some(({ defname }) => defname !== 'schema')) throw unheardOf(text);
  const schema = options[0]?.arg?.String?.sval;
  return { name: String(node.extname), ...(schema === undefined ? {} : { schema }) };
}

function isOwnership({ type, node }: Parsed): boolean {
  const commands = (node.cmds ?? []) as { AlterTableCmd?: { subtype: string } }[];
  return (
    type === 'AlterOwnerStmt' ||
    (type === 'AlterTableStmt' && commands.every(({ AlterTableCmd }) => AlterTableCmd?.subtype === 'AT_ChangeOwner'))
  );
}

function viewOf({ node }: Parsed): { schema: string; name: string } {
  const { schemaname = '', relname } = node.relation as { schemaname?: string; relname: string };
  return { schema: schemaname, name: relname };
}
