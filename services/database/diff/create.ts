import type { Schema, SchemaObject } from '../schema.ts';

const enabling: Record<string, string> = { D: 'DISABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA', O: 'ENABLE' };

/** The statements that make an object; `after` has a new table's columns, which come with it. */
export function create(object: SchemaObject, after: Schema): string[] {
  const { kind, name, definition, parts } = object;
  switch (kind) {
    case 'schema':
      return [`CREATE SCHEMA ${name}`];
    case 'table':
      return createTable(object, after);
    case 'column':
      return [`ALTER TABLE ${parts.of} ADD COLUMN ${columnText(object)}`, ...notNullUnread(object)];
    case 'constraint':
      return [`ALTER TABLE ${parts.of} ADD CONSTRAINT ${parts.constraint} ${definition}`];
    case 'domain constraint':
      return [`ALTER DOMAIN ${parts.of} ADD CONSTRAINT ${parts.constraint} ${definition}`];
    case 'sequence':
      return [`CREATE SEQUENCE ${name} ${parts.options}`];
    case 'index':
      return parts.valid || / ON ONLY /.test(definition)
        ? [parts.create as string]
        : [cannot(object, 'an index that is not valid')];
    case 'function':
    case 'rule':
      return [definition.trimEnd()];
    case 'statistics':
      return [parts.create as string];
    case 'aggregate':
      return parts.plain ? [`CREATE AGGREGATE ${name} (${definition})`] : [cannot(object, 'an aggregate of this kind')];
    case 'trigger':
      return [parts.create as string, ...(parts.enabled === 'O' ? [] : enableTrigger(object))];
    case 'event trigger': {
      const plain = definition.replace(/ (DISABLED|A|R)$/, '');
      const enable = parts.enabled === 'O' ? [] : [`ALTER EVENT TRIGGER ${name} ${enabling[parts.enabled as string]}`];
      return [`CREATE EVENT TRIGGER ${name} ${plain}`, ...enable];
    }
    case 'policy':
      return [`CREATE POLICY ${parts.policy} ON ${parts.of} ${definition}`];
    case 'row security':
      return rowSecurity(parts.of, parts);
    case 'replica identity':
      return [`ALTER TABLE ${parts.of} REPLICA IDENTITY ${definition}`];
    case 'partition':
      return [`ALTER TABLE ${parts.parent} ATTACH PARTITION ${parts.of} ${parts.bound}`];
    case 'inheritance':
      return [`ALTER TABLE ${parts.of} INHERIT ${parts.parent}`];
    default:
      return [`CREATE ${kind.toUpperCase()} ${name} ${definition}`];
  }
}

function createTable(object: SchemaObject, after: Schema): string[] {
  const { name, parts } = object;
  if (parts.foreign) return [cannot(object, 'a foreign table')];
  const columns = [...after.values()]
    .filter(({ kind, parts: { of } }) => kind === 'column' && of === name)
    .sort((a, b) => (a.parts.position as number) - (b.parts.position as number));
  const options = parts.options as string[];
  const clauses = [
    ...(parts.partitionBy ? [` PARTITION BY ${parts.partitionBy}`] : []),
    ...(parts.method ? [` USING ${parts.method}`] : []),
    ...(options.length > 0 ? [` WITH (${options.join(', ')})`] : []),
  ];
  const list = columns.map((column) => `\n  ${columnText(column)}`).join(',');
  return [
    `CREATE ${parts.unlogged ? 'UNLOGGED ' : ''}TABLE ${name} (${list}\n)${clauses.join('')}`,
    ...columns.flatMap(notNullUnread),
  ];
}

function columnText({ definition, parts }: SchemaObject): string {
  // A constraint that holds for new rows only is added by its name.
  const plain = parts.unread ? definition.replace(` NOT NULL NOT VALID ${parts.unread}`, '') : definition;
  return `${parts.column} ${plain}`;
}

/** Postgres 18: NOT NULL for new rows only. */
export function notNullUnread({ parts }: SchemaObject): string[] {
  if (!parts.unread) return [];
  return [`ALTER TABLE ${parts.of} ADD CONSTRAINT ${parts.unread} NOT NULL ${parts.column} NOT VALID`];
}

export function enableTrigger({ parts }: SchemaObject): string[] {
  return [`ALTER TABLE ${parts.of} ${enabling[parts.enabled as string]} TRIGGER ${parts.trigger}`];
}

export function rowSecurity(table: unknown, { enabled, forced }: { enabled?: unknown; forced?: unknown }): string[] {
  return [
    `ALTER TABLE ${table} ${enabled ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY, ${forced ? 'FORCE' : 'NO FORCE'} ROW LEVEL SECURITY`,
  ];
}

/** A comment in the place of what there is no statement for. */
export function cannot({ kind, name, definition }: SchemaObject, what: string): string {
  return `-- ${what} is not written here: ${`${kind} ${name} ${definition}`.replace(/\s+/g, ' ')}`;
}
