import { type Node, tableOf } from '../../sql.ts';
import { columnsOf, commandsOf, type Fact, has, type Rule } from '../rule.ts';

/** What breaks the release that runs while the migration does, or the one that is gone back to. */

const later = 'First a release whose code does not use it, then the one that takes it away.';

const dropColumn: Rule = {
  id: 'drop-column',
  severity: 'error',
  find: (fact) =>
    commandsOf(fact)
      .filter(({ subtype }) => subtype === 'DropColumn')
      .filter(() => targetExisted(fact))
      .map(({ name }) => ({
        where: `${fact.table}.${name}`,
        why: `Whatever still names the column fails, and its values are gone. ${later}`,
        safer: {
          sql: `-- meanwhile, for rows that the new code writes:\nALTER TABLE ${fact.table} ALTER COLUMN ${name} DROP NOT NULL;`,
        },
      })),
};

const drops: Record<string, string> = {
  OBJECT_TABLE: 'drop-table',
  OBJECT_VIEW: 'drop-view',
  OBJECT_MATVIEW: 'drop-view',
  OBJECT_TYPE: 'drop-type',
  OBJECT_SCHEMA: 'drop-schema',
};

function dropRule(id: string, what: string): Rule {
  return {
    id,
    severity: 'error',
    find({ statement: { type, node }, existed, nameOf }) {
      if (type !== 'DropStmt' || drops[node.removeType as string] !== id) return [];
      const named = (node.objects as Record<string, Node>[]).map(partsOf).map((parts) => {
        const [name = '', schema] = parts.toReversed();
        return { name, ...(schema ? { schema } : {}) };
      });
      return named
        .filter((table) => id !== 'drop-table' || existed(table))
        .map((table) => ({
          where: nameOf(table),
          why: `The running release may still use the ${what}. ${later}`,
        }));
    },
  };
}

/** `shop.orders` as its parts. */
function partsOf(object: Record<string, unknown>): string[] {
  const [kind, value] = Object.entries(object)[0]!;
  const parts =
    kind === 'List' ? (value as { items: Node[] }).items : kind === 'TypeName' ? (value as Node).names : [object];
  return (parts as { String?: { sval: string } }[]).map((part) => part.String?.sval ?? '');
}

const rename: Rule = {
  id: 'rename',
  severity: 'error',
  find({ statement: { type, node }, existed, table }) {
    if (type !== 'RenameStmt') return [];
    const kind = (node.renameType as string).replace('OBJECT_', '').toLowerCase();
    if (!['table', 'column', 'view', 'matview', 'schema', 'type', 'attribute'].includes(kind)) return [];
    if (node.relation && !existed(tableOf(node.relation as Node))) return [];
    const old = kind === 'column' ? `${table}.${node.subname}` : node.relation ? table : (node.subname as string);
    return [
      {
        where: old,
        why: `The running release knows the ${kind} by its old name only.`,
        safer: {
          sql:
            kind === 'column'
              ? `ALTER TABLE ${table} ADD COLUMN ${node.newname} …;  -- written beside the old one, until no code reads that`
              : kind === 'table'
                ? `ALTER TABLE ${table} RENAME TO ${node.newname};\nCREATE VIEW ${table} AS SELECT * FROM ${node.newname};  -- in the same transaction`
                : '-- add the new one, move the code, take the old one away in a later release',
        },
      },
    ];
  },
};

const moveSchema: Rule = {
  id: 'set-schema',
  severity: 'error',
  find: ({ statement: { type, node }, table }) =>
    type === 'AlterObjectSchemaStmt'
      ? [{ where: table, why: `The running release looks for it where it was, not in ${node.newschema}.` }]
      : [],
};

const requiredColumn: Rule = {
  id: 'required-column',
  severity: 'error',
  find: (fact) =>
    fact.statement.type === 'AlterTableStmt' && targetExisted(fact)
      ? columnsOf(fact)
          .filter(
            (column) =>
              has(column, 'NOTNULL') &&
              !has(column, 'DEFAULT') &&
              !has(column, 'IDENTITY') &&
              !has(column, 'GENERATED'),
          )
          .map(({ colname }) => ({
            where: `${fact.table}.${colname}`,
            why: 'Fails on a table with rows; on an empty one the inserts of the running release fail.',
            safer: {
              sql: `ALTER TABLE ${fact.table} ADD COLUMN ${colname} …;  -- nullable, or with a default\n-- fill it, then SET NOT NULL by way of a validated CHECK`,
              seaorm: `.add_column(ColumnDef::new(Alias::new("${colname}")).…().null())`,
            },
          }))
      : [],
};

const dropNotNull: Rule = {
  id: 'drop-not-null',
  severity: 'warning',
  find: (fact) =>
    commandsOf(fact)
      .filter(({ subtype }) => subtype === 'DropNotNull')
      .filter(() => targetExisted(fact))
      .map(({ name }) => ({
        where: `${fact.table}.${name}`,
        why: 'The running release does not expect null here; an Option in the entity comes first.',
      })),
};

const enumValueRenamed: Rule = {
  id: 'enum-value-renamed',
  severity: 'error',
  find: ({ statement: { type, node } }) =>
    type === 'AlterEnumStmt' && node.oldVal !== undefined
      ? [
          {
            where: `${((node.typeName ?? []) as { String: { sval: string } }[]).map((part) => part.String.sval).join('.')}.${node.oldVal}`,
            why: 'The running release reads and writes the old value.',
            safer: { sql: 'ALTER TYPE … ADD VALUE …;  -- move the rows in batches, in a later release' },
          },
        ]
      : [],
};

const columnTypeChanged: Rule = {
  id: 'column-type-changed',
  severity: 'warning',
  find: (fact) =>
    commandsOf(fact)
      .filter(({ subtype }) => subtype === 'AlterColumnType')
      .filter(() => targetExisted(fact))
      .map(({ name }) => ({
        where: `${fact.table}.${name}`,
        why: 'Code that was compiled for the old type may not decode the new one: SeaORM checks it when it reads.',
      })),
};

const dropDatabase: Rule = {
  id: 'drop-database',
  severity: 'error',
  find: ({ statement: { type, node } }) =>
    type === 'DropdbStmt' ? [{ where: node.dbname as string, why: 'Takes a whole database away.' }] : [],
};

function targetExisted({ statement: { node }, existed }: Fact): boolean {
  return node.relation !== undefined && existed(tableOf(node.relation as Node));
}

export const runningRelease: Rule[] = [
  ...[dropColumn, dropRule('drop-table', 'table'), dropRule('drop-view', 'view'), dropRule('drop-type', 'type')],
  ...[dropRule('drop-schema', 'schema'), rename, moveSchema, requiredColumn, dropNotNull, enumValueRenamed],
  ...[columnTypeChanged, dropDatabase],
];
