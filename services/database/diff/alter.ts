import type { SchemaObject } from '../schema.ts';
import { cannot, enableTrigger, notNullUnread, rowSecurity } from './create.ts';

/**
 * The statements that make an object that is there what it is afterwards; undefined where it has to be made anew.
 */
export function alter(before: SchemaObject, after: SchemaObject): string[] | undefined {
  const { kind, name, definition, parts } = after;
  const was = before.parts;
  switch (kind) {
    case 'extension':
      return [
        ...(was.schema === parts.schema ? [] : [`ALTER EXTENSION ${name} SET SCHEMA ${parts.schema}`]),
        ...(was.version === parts.version ? [] : [`ALTER EXTENSION ${name} UPDATE TO '${parts.version}'`]),
      ];
    case 'type':
      return alterType(before, after);
    case 'domain':
      return was.base === parts.base ? alterDomain(before, after) : undefined;
    case 'sequence':
      return was.options === parts.options ? [] : [`ALTER SEQUENCE ${name} ${parts.options}`];
    case 'table':
      return alterTable(before, after);
    case 'column':
      return alterColumn(before, after);
    case 'constraint':
      return before.definition === `${definition} NOT VALID`
        ? [`ALTER TABLE ${parts.of} VALIDATE CONSTRAINT ${parts.constraint}`]
        : undefined;
    case 'domain constraint':
      return before.definition === `${definition} NOT VALID`
        ? [`ALTER DOMAIN ${parts.of} VALIDATE CONSTRAINT ${parts.constraint}`]
        : undefined;
    case 'function':
      return was.signature === parts.signature ? [definition.trimEnd()] : undefined;
    case 'trigger':
      return was.create === parts.create ? enableTrigger(after) : undefined;
    case 'row security':
      return rowSecurity(parts.of, parts);
    case 'replica identity':
      return [`ALTER TABLE ${parts.of} REPLICA IDENTITY ${definition}`];
    case 'index':
      return alterIndex(before, after);
    default:
      return undefined;
  }
}

function alterType(before: SchemaObject, after: SchemaObject): string[] | undefined {
  const { name, parts } = after;
  if (parts.labels && before.parts.labels)
    return alterEnum(name, before.parts.labels as string[], parts.labels as string[]);
  if (!parts.attributes || !before.parts.attributes) return undefined;
  const [was, is] = [before.parts.attributes, parts.attributes] as { name: string; type: string }[][];
  const kept = was!.filter((one) => is!.some((other) => other.name === one.name));
  const isAtEnd = kept.every((one, index) => is![index]?.name === one.name);
  if (!isAtEnd) return undefined;
  return [
    ...was!.filter((one) => !kept.includes(one)).map((one) => `DROP ATTRIBUTE ${one.name}`),
    ...kept.flatMap((one, index) =>
      one.type === is![index]!.type ? [] : `ALTER ATTRIBUTE ${one.name} TYPE ${is![index]!.type}`,
    ),
    ...is!.slice(kept.length).map((one) => `ADD ATTRIBUTE ${one.name} ${one.type}`),
  ].map((action) => `ALTER TYPE ${name} ${action}`);
}

/** Values are added at their place; as many others in the same places were given other names. */
function alterEnum(name: string, was: string[], is: string[]): string[] | undefined {
  if (was.length === is.length)
    return is.flatMap((label, index) => {
      if (label === was[index]) return [];
      return was.includes(label) ? [] : [`ALTER TYPE ${name} RENAME VALUE ${was[index]} TO ${label}`];
    });
  const kept = is.filter((label) => was.includes(label));
  if (kept.join() !== was.join()) return undefined;
  return is.flatMap((label, index) => {
    if (was.includes(label)) return [];
    const place = index === 0 ? `BEFORE ${was[0]}` : `AFTER ${is[index - 1]}`;
    return was.length === 0 && index === 0
      ? [`ALTER TYPE ${name} ADD VALUE ${label}`]
      : [`ALTER TYPE ${name} ADD VALUE ${label} ${place}`];
  });
}

function alterDomain({ parts: was }: SchemaObject, { name, parts }: SchemaObject): string[] {
  const actions: string[] = [];
  if (was.default !== parts.default) actions.push(parts.default ? `SET DEFAULT ${parts.default}` : 'DROP DEFAULT');
  if (was.notNull !== parts.notNull) actions.push(parts.notNull ? 'SET NOT NULL' : 'DROP NOT NULL');
  return actions.map((action) => `ALTER DOMAIN ${name} ${action}`);
}

function alterTable(before: SchemaObject, after: SchemaObject): string[] {
  const { name, parts } = after;
  const was = before.parts;
  if (was.foreign !== parts.foreign || was.partitionBy !== parts.partitionBy)
    return [cannot(after, 'a table that is divided otherwise, or is another kind of table,')];
  const statements: string[] = [];
  if (was.unlogged !== parts.unlogged)
    statements.push(`ALTER TABLE ${name} SET ${parts.unlogged ? 'UNLOGGED' : 'LOGGED'}`);
  if (was.method !== parts.method) statements.push(`ALTER TABLE ${name} SET ACCESS METHOD ${parts.method ?? 'heap'}`);
  const [old, now] = [was.options, parts.options] as string[][];
  const nameOf = (option: string) => option.slice(0, option.indexOf('='));
  const set = now!.filter((option) => !old!.includes(option));
  const reset = old!.map(nameOf).filter((option) => !now!.map(nameOf).includes(option));
  if (set.length > 0) statements.push(`ALTER TABLE ${name} SET (${set.join(', ')})`);
  if (reset.length > 0) statements.push(`ALTER TABLE ${name} RESET (${reset.join(', ')})`);
  return statements;
}

function alterColumn(before: SchemaObject, after: SchemaObject): string[] | undefined {
  const { parts } = after;
  const was = before.parts;
  const actions: string[] = [];
  if (was.generated !== parts.generated) {
    // What is computed loses nothing when it is computed anew; what was and stays keeps its values.
    if (parts.generated) return undefined;
    if (/ STORED$/.test(before.definition)) actions.push('DROP EXPRESSION');
    else return undefined;
  }
  const retyped = was.type !== parts.type || was.collation !== parts.collation;
  if (was.identity && !parts.identity) actions.push('DROP IDENTITY');
  const redefault = was.default !== parts.default || (retyped && parts.default);
  if (redefault && was.default) actions.push('DROP DEFAULT');
  if (retyped) actions.push(typeAction(before, after));
  if (!was.notNull && parts.notNull && !parts.unread) actions.push('SET NOT NULL');
  if (redefault && parts.default) actions.push(`SET DEFAULT ${parts.default}`);
  if (was.notNull && !parts.notNull) actions.push('DROP NOT NULL');
  const sequence = parts.sequence ? ` (${parts.sequence})` : '';
  if (!was.identity && parts.identity) actions.push(`ADD GENERATED ${parts.identity} AS IDENTITY${sequence}`);
  if (was.identity && parts.identity) {
    if (was.identity !== parts.identity) actions.push(`SET GENERATED ${parts.identity}`);
    if (was.sequence !== parts.sequence) actions.push(...identityActions(parts.sequence as string | null));
  }
  const statements = actions.map((action) => `ALTER TABLE ${parts.of} ALTER COLUMN ${parts.column} ${action}`);
  if (was.unread && !parts.unread && parts.notNull)
    statements.push(`ALTER TABLE ${parts.of} VALIDATE CONSTRAINT ${was.unread}`);
  if (!was.unread && parts.unread) statements.push(...notNullUnread(after));
  return statements;
}

/** With the values as they are: Postgres casts within a category and from and to text; the rest goes by way of text. */
export function typeAction({ parts: was }: SchemaObject, { parts }: SchemaObject, byText = false): string {
  const [from, to] = [was.category, parts.category];
  const casts = from === 'S' || to === 'S' || (from === to && from !== 'E' && from !== 'U') || `${from}${to}` === 'BN';
  const json = /^jsonb?$/.test(was.type as string) && /^jsonb?$/.test(parts.type as string);
  const value = (casts || json) && !byText ? parts.column : `${parts.column}::text`;
  return `TYPE ${parts.type}${parts.collation ? ` COLLATE ${parts.collation}` : ''} USING ${value}::${parts.type}`;
}

/** Each option at what is said of it, else at what it is by itself. */
function identityActions(sequence: string | null): string[] {
  const text = sequence ?? '';
  const option = (pattern: RegExp, otherwise: string) => pattern.exec(text)?.[0] ?? otherwise;
  return [
    option(/INCREMENT BY -?\d+/, 'INCREMENT BY 1'),
    option(/MINVALUE -?\d+/, 'NO MINVALUE'),
    option(/MAXVALUE -?\d+/, 'NO MAXVALUE'),
    option(/START WITH -?\d+/, 'START WITH 1'),
    option(/CACHE \d+/, 'CACHE 1'),
    option(/\bCYCLE\b/, 'NO CYCLE'),
  ].map((setting) => `SET ${setting}`);
}

function alterIndex(before: SchemaObject, after: SchemaObject): string[] | undefined {
  const { name, parts } = after;
  const was = before.parts;
  if (was.create !== parts.create || (was.parent && was.parent !== parts.parent)) return undefined;
  // An index of partitions is valid once each of them has its own.
  const whole = / ON ONLY /.test(after.definition);
  return was.valid === parts.valid || whole ? [] : parts.valid ? [`REINDEX INDEX ${name}`] : undefined;
}
