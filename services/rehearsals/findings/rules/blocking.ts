import { blockingLocks } from '../../observed.ts';
import { hasOption, type NamedTable, type Node, tableOf } from '../../sql.ts';
import {
  addedConstraints,
  columnsOf,
  commandsOf,
  constraintsOf,
  type Fact,
  type Hit,
  has,
  type Rule,
  typeOf,
} from '../rule.ts';

/** What stops the readers or writers of a table that is in use: named when it was seen, guessed only where nothing was. */

const outOfTransaction =
  'SeaORM 1.1 runs `up` in one transaction, where CONCURRENTLY is refused: run it by hand before the release and let the migration find it. SeaORM 2.0: fn use_transaction(&self) -> Option<bool> { Some(false) }';

const unprepared = (sql: string) => `manager.get_connection().execute_unprepared("${sql}").await?;`;

const indexBlocksWrites: Rule = {
  id: 'index-blocks-writes',
  severity: 'error',
  find({ statement: { type, node, text }, existed, table }) {
    if (type !== 'IndexStmt' || node.concurrent || !existed(tableOf(node.relation as Node))) return [];
    // Without a name of its own there is nothing to look for.
    const again = node.idxname ? 'CONCURRENTLY IF NOT EXISTS' : 'CONCURRENTLY';
    const sql = text.replace(/\bINDEX(\s+IF\s+NOT\s+EXISTS)?/i, `INDEX ${again}`);
    return [
      {
        where: table,
        why: 'Nobody can write to the table from here to the end of the transaction.',
        safer: { sql: `${sql};`, seaorm: `// ${outOfTransaction}\n${unprepared(sql)}` },
      },
    ];
  },
};

const dropIndexBlocks: Rule = {
  id: 'drop-index-blocks',
  severity: 'warning',
  find({ statement: { type, node }, locks }) {
    if (type !== 'DropStmt' || node.removeType !== 'OBJECT_INDEX' || node.concurrent) return [];
    const blocked = locks.filter(({ blocks }) => blocks === 'reads and writes').map(({ table }) => table);
    return [...new Set(blocked)].map((where) => ({
      where,
      why: 'Dropping an index locks its table against everybody.',
      safer: { sql: 'DROP INDEX CONCURRENTLY …;', seaorm: `// ${outOfTransaction}` },
    }));
  },
};

const reindexBlocks: Rule = {
  id: 'reindex-blocks',
  severity: 'error',
  find: ({ statement: { type, node }, table }) =>
    type === 'ReindexStmt' && !hasOption(node.params, 'concurrently')
      ? [
          {
            where: table,
            why: 'Nobody can write to the table, nor read by the index, while it is built anew.',
            safer: { sql: 'REINDEX (CONCURRENTLY) …;', seaorm: `// ${outOfTransaction}` },
          },
        ]
      : [],
};

const tableRewritten: Rule = {
  id: 'table-rewritten',
  severity: 'error',
  find({ rewrites, statement, table }) {
    return rewrites.map(({ table: where, reason, sizeBytes }) => ({
      where,
      why: `Every row is written anew (${(sizeBytes / 2 ** 20).toFixed(1)} MiB, ${reason}) while nobody can read or write.`,
      safer: insteadOfRewrite(reason, where === table ? statement.node : {}, where),
    }));
  },
};

function insteadOfRewrite(reason: string, node: Node, table: string) {
  const commands = ((node.cmds ?? []) as { AlterTableCmd: Node }[]).map(({ AlterTableCmd }) => AlterTableCmd);
  const column = commands.find(({ subtype }) => subtype === 'AT_AlterColumnType')?.name ?? 'a';
  if (reason.includes('type'))
    return {
      sql: `ALTER TABLE ${table} ADD COLUMN ${column}_new …;
-- a trigger keeps it equal; then, in batches, each its own transaction:
UPDATE ${table} SET ${column}_new = ${column} WHERE … ;
-- in a later release, when no code uses the old one:
ALTER TABLE ${table} RENAME COLUMN ${column} TO ${column}_old;
ALTER TABLE ${table} RENAME COLUMN ${column}_new TO ${column};`,
      seaorm: `manager.alter_table(Table::alter().table(…).add_column(ColumnDef::new(Alias::new("${column}_new")).…).to_owned()).await?;`,
    };
  return {
    sql: `ALTER TABLE ${table} ADD COLUMN …;                       -- without the default: no rewrite
ALTER TABLE ${table} ALTER COLUMN … SET DEFAULT …;  -- for new rows
UPDATE ${table} SET … WHERE … ;                     -- the others in batches, outside of this transaction`,
  };
}

/** Rows that are read to their end under a lock which nobody can get past. */
function verified({ scans, table }: Fact): boolean {
  return scans.some((scan) => scan.table === table && scan.why === 'to verify its rows');
}

const notNullScansTable: Rule = {
  id: 'not-null-scans-table',
  severity: 'error',
  find(fact) {
    if (!verified(fact)) return [];
    const { table } = fact;
    return commandsOf(fact)
      .filter(({ subtype }) => subtype === 'SetNotNull')
      .map(({ name }) => {
        const check = `${name}_not_null`;
        const add = `ALTER TABLE ${table} ADD CONSTRAINT ${check} CHECK (${name} IS NOT NULL) NOT VALID`;
        return {
          where: `${table}.${name}`,
          why: 'The whole table is read while nobody can read or write it.',
          safer: {
            sql: `${add};\n-- in another transaction, while everybody works on:\nALTER TABLE ${table} VALIDATE CONSTRAINT ${check};\n-- then the proof is there and nothing is read:\nALTER TABLE ${table} ALTER COLUMN ${name} SET NOT NULL, DROP CONSTRAINT ${check};`,
            seaorm: `${unprepared(add)}\n// validate and set NOT NULL in the next release`,
          },
        };
      });
  },
};

const constraintValidated: Rule = {
  id: 'check-scans-table',
  severity: 'error',
  find(fact) {
    if (!verified(fact)) return [];
    return addedConstraints(fact)
      .filter(({ contype, skip_validation: later }) => contype === 'CONSTR_CHECK' && !later)
      .map(({ conname }) => notValidFirst(fact.table, conname, 'CHECK (…)', 'read or write it'));
  },
};

const foreignKeyValidated: Rule = {
  id: 'foreign-key-scans-table',
  severity: 'error',
  find(fact) {
    const { table, existed, statement, scans, failed } = fact;
    if (statement.type !== 'AlterTableStmt' || !existed(tableOf(statement.node.relation as Node))) return [];
    if (!failed && !scans.some(({ why }) => why === 'to verify a foreign key')) return [];
    const inline = columnsOf(fact).flatMap((column) =>
      constraintsOf(column).filter(({ contype }) => contype === 'CONSTR_FOREIGN'),
    );
    return [...addedConstraints(fact), ...inline]
      .filter(({ contype, skip_validation: later }) => contype === 'CONSTR_FOREIGN' && !later)
      .map(({ conname, pktable }) => {
        const other = tableOf(pktable as Node).name;
        return notValidFirst(table, conname, `FOREIGN KEY (…) REFERENCES ${other}`, `write to it or to ${other}`);
      });
  },
};

function notValidFirst(table: string, name: unknown, what: string, blocked: string): Hit {
  const constraint = (name as string | undefined) ?? '…';
  const add = `ALTER TABLE ${table} ADD CONSTRAINT ${constraint} ${what} NOT VALID`;
  const validate = `ALTER TABLE ${table} VALIDATE CONSTRAINT ${constraint}`;
  return {
    where: `${table}.${constraint}`,
    why: `All rows are verified while nobody can ${blocked}.`,
    safer: {
      sql: `${add};\n-- in another transaction, while everybody works on:\n${validate};`,
      seaorm: `${unprepared(add)}\n// in the next release:\n${unprepared(validate)}`,
    },
  };
}

const constraintBuildsIndex: Rule = {
  id: 'constraint-builds-index',
  severity: 'error',
  find(fact) {
    const { table, existed, statement } = fact;
    if (statement.type !== 'AlterTableStmt' || !existed(tableOf(statement.node.relation as Node))) return [];
    const inline = columnsOf(fact).filter((column) => has(column, 'UNIQUE') || has(column, 'PRIMARY'));
    const added = addedConstraints(fact).filter(
      ({ contype, indexname }) => /_(UNIQUE|PRIMARY)$/.test(contype as string) && indexname === undefined,
    );
    return [...added, ...inline].map((constraint) => {
      const columns = ((constraint.keys ?? []) as { String: { sval: string } }[]).map((part) => part.String.sval);
      const named = columns.join(', ') || (constraint.colname as string);
      const index = (constraint.conname as string | undefined) ?? `${table.split('.').at(-1)}_${named}_key`;
      const kind = constraint.contype === 'CONSTR_PRIMARY' ? 'PRIMARY KEY' : 'UNIQUE';
      return {
        where: `${table}.${named}`,
        why: 'Its index is built while nobody can read or write the table.',
        safer: {
          sql: `CREATE UNIQUE INDEX CONCURRENTLY ${index} ON ${table} (${named});\nALTER TABLE ${table} ADD CONSTRAINT ${index} ${kind} USING INDEX ${index};`,
          seaorm: `// ${outOfTransaction}`,
        },
      };
    });
  },
};

const primaryKeyOnNullable: Rule = {
  id: 'primary-key-scans-table',
  severity: 'warning',
  find: (fact) =>
    addedConstraints(fact)
      .filter(({ contype, indexname }) => contype === 'CONSTR_PRIMARY' && indexname !== undefined)
      .filter(() => verified(fact))
      .map(() => ({
        where: fact.table,
        why: 'A column of the index may be null: the whole table is read to set NOT NULL, while nobody can read or write it.',
        safer: { sql: '-- first make the columns NOT NULL by way of a validated CHECK, then add the key' },
      })),
};

const exclusionConstraint: Rule = {
  id: 'exclusion-constraint-blocks',
  severity: 'error',
  find: (fact) =>
    addedConstraints(fact)
      .filter(({ contype }) => contype === 'CONSTR_EXCLUSION')
      .filter(() => fact.existed(tableOf(fact.statement.node.relation as Node)))
      .map(({ conname }) => ({
        where: `${fact.table}.${(conname as string) ?? '…'}`,
        why: 'Its index is built while nobody can read or write, and Postgres has no way to do it concurrently.',
        safer: { sql: '-- a new table with the constraint, filled in batches; or the rule in a trigger' },
      })),
};

const refreshBlocks: Rule = {
  id: 'refresh-blocks-reads',
  severity: 'warning',
  find: ({ statement: { type, node }, table, existed }) =>
    type === 'RefreshMatViewStmt' && !node.concurrent && existed(tableOf(node.relation as Node))
      ? [
          {
            where: table,
            why: 'Nobody can read the view while it is filled.',
            safer: { sql: `REFRESH MATERIALIZED VIEW CONCURRENTLY ${table};  -- needs a unique index` },
          },
        ]
      : [],
};

const wholeTableRewritten: Rule = {
  id: 'maintenance-in-migration',
  severity: 'error',
  find({ statement: { type, node }, table }) {
    const full = type === 'VacuumStmt' && hasOption(node.options, 'full');
    if (!full && type !== 'ClusterStmt') return [];
    return [
      {
        where: table,
        why: 'The table is written anew while nobody can read or write it, and it needs its own size again on the disk.',
        safer: { sql: '-- an ordinary VACUUM, or pg_repack, outside of a release' },
      },
    ];
  },
};

const explicitLock: Rule = {
  id: 'table-locked',
  severity: 'warning',
  find: ({ statement: { type }, locks }) =>
    type === 'LockStmt'
      ? blockingLocks(locks).map(({ table, blocks }) => ({
          where: table,
          why: `Blocks ${blocks} until the transaction ends.`,
        }))
      : [],
};

const truncate: Rule = {
  id: 'truncate',
  severity: 'warning',
  find({ statement: { type, node }, existed, nameOf }) {
    if (type !== 'TruncateStmt') return [];
    const tables = ((node.relations ?? []) as { RangeVar: Node }[]).map(({ RangeVar }) => tableOf(RangeVar));
    const cascade = node.behavior === 'DROP_CASCADE';
    return tables.filter(existed).map((table) => ({
      where: nameOf(table),
      why: cascade
        ? 'Empties the table and every table that refers to it, whichever those are by then.'
        : 'Empties the table; nobody can read or write it until the transaction ends.',
    }));
  },
};

const attachScans: Rule = {
  id: 'attach-partition-scans',
  severity: 'warning',
  find: (fact) =>
    commandsOf(fact)
      .filter(({ subtype }) => subtype === 'AttachPartition')
      .flatMap(() => fact.scans.filter(({ why }) => why === 'to verify its rows'))
      .map(({ table }) => ({
        where: table,
        why: 'The new partition is read to its end under a lock.',
        safer: {
          sql: `ALTER TABLE ${table} ADD CONSTRAINT … CHECK (the partition's bounds) NOT VALID;\nALTER TABLE ${table} VALIDATE CONSTRAINT …;\n-- attaching it then reads nothing`,
        },
      })),
};

const detachBlocks: Rule = {
  id: 'detach-partition-blocks',
  severity: 'warning',
  find: (fact) =>
    commandsOf(fact)
      .filter(({ subtype, def }) => subtype === 'DetachPartition' && !def.concurrent)
      .map(() => ({
        where: fact.table,
        why: 'Nobody can read or write the partitioned table while a partition leaves it.',
        safer: { sql: `ALTER TABLE ${fact.table} DETACH PARTITION … CONCURRENTLY;` },
      })),
};

const triggerBlocks: Rule = {
  id: 'trigger-blocks-writes',
  severity: 'warning',
  find: ({ statement: { type, node }, table, existed }) =>
    type === 'CreateTrigStmt' && existed(tableOf(node.relation as Node))
      ? [{ where: table, why: 'Nobody can write to the table from here to the end of the transaction.' }]
      : [],
};

const domainScans: Rule = {
  id: 'domain-constraint-scans',
  severity: 'error',
  find({ statement: { type, node } }) {
    if (type !== 'AlterDomainStmt' || node.subtype !== 'C') return [];
    if ((node.def as { Constraint?: Node })?.Constraint?.skip_validation) return [];
    return [
      {
        where: nameOfType(node.typeName),
        why: 'Every table with a column of this domain is read to its end, under a lock that stops its writers.',
        safer: { sql: 'ALTER DOMAIN … ADD CONSTRAINT … NOT VALID;\nALTER DOMAIN … VALIDATE CONSTRAINT …;' },
      },
    ];
  },
};

function nameOfType(parts: unknown): string {
  return ((parts ?? []) as { String: { sval: string } }[]).map((part) => part.String.sval).join('.');
}

const serialAdded: Rule = {
  id: 'serial-added',
  severity: 'error',
  find(fact) {
    if (fact.statement.type !== 'AlterTableStmt') return [];
    const relation = fact.statement.node.relation as Node | undefined;
    if (!relation || !fact.existed(tableOf(relation) as NamedTable)) return [];
    return columnsOf(fact)
      .filter((column) => /serial/.test(typeOf(column)) || has(column, 'IDENTITY') || has(column, 'GENERATED'))
      .map((column) => ({
        where: `${fact.table}.${column.colname}`,
        why: 'Each row gets a number or a computed value of its own, so the whole table is written anew.',
        safer: { sql: `-- a plain column, a sequence or trigger for new rows, the old ones in batches` },
      }));
  },
};

export const blocking: Rule[] = [
  ...[indexBlocksWrites, dropIndexBlocks, reindexBlocks, tableRewritten, serialAdded, notNullScansTable],
  ...[constraintValidated, foreignKeyValidated, constraintBuildsIndex, primaryKeyOnNullable, exclusionConstraint],
  ...[
    refreshBlocks,
    wholeTableRewritten,
    explicitLock,
    truncate,
    attachScans,
    detachBlocks,
    triggerBlocks,
    domainScans,
  ],
];
