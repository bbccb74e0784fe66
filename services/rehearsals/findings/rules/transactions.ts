import { hasOption, type Node, tableOf } from '../../sql.ts';
import type { Rule } from '../rule.ts';

/** What cannot run, or does harm, because of the transaction it is in. */

const concurrentlyInTransaction: Rule = {
  id: 'concurrently-in-transaction',
  severity: 'error',
  find({ statement: { type, node }, failed, table }) {
    const concurrent =
      (['IndexStmt', 'DropStmt'].includes(type) && node.concurrent) ||
      (type === 'ReindexStmt' && hasOption(node.params, 'concurrently')) ||
      type === 'VacuumStmt';
    // 25001: active_sql_transaction
    if (!concurrent || failed?.code !== '25001') return [];
    return [
      {
        where: table,
        why: 'It cannot run in a transaction, and SeaORM 1.1 runs the whole of `up` in one.',
        safer: {
          sql: '-- by hand before the release, outside of the migrator; the migration itself says IF NOT EXISTS',
          seaorm: '// SeaORM 2.0:\nfn use_transaction(&self) -> Option<bool> { Some(false) }',
        },
      },
    ];
  },
};

const enumValueUsed: Rule = {
  id: 'enum-value-used-at-once',
  severity: 'error',
  // 55P04: unsafe_new_enum_value_usage
  find: ({ statement: { type }, failed, table }) =>
    failed?.code === '55P04' && type !== 'AlterEnumStmt'
      ? [
          {
            where: table || (/of enum type (.*)$/.exec(failed.message)?.[1] ?? ''),
            why: 'A new enum value cannot be used in the transaction that adds it; one `up` of SeaORM 1.1 is one transaction.',
            safer: { sql: '-- add the value in one release, use it in the next' },
          },
        ]
      : [],
};

const transactionControl: Rule = {
  id: 'transaction-control',
  severity: 'error',
  find: ({ statement: { type, node }, migration }) =>
    type === 'TransactionStmt' && /BEGIN|START|COMMIT|ROLLBACK$/.test(node.kind as string)
      ? [
          {
            where: migration ?? 'a migration',
            why: 'It begins or ends the migrator’s own transaction: what comes after is no longer undone when something fails.',
            safer: { sql: '-- leave BEGIN and COMMIT to the migrator' },
          },
        ]
      : [],
};

const concurrentlyNotRepeatable: Rule = {
  id: 'concurrently-not-repeatable',
  severity: 'warning',
  find: ({ statement: { type, node }, table }) =>
    type === 'IndexStmt' && node.concurrent && !node.if_not_exists
      ? [
          {
            where: table,
            why: 'When it fails half-way an invalid index stays behind, and the next attempt fails on its name.',
            safer: {
              sql: `DROP INDEX CONCURRENTLY IF EXISTS ${node.idxname ?? '…'};\nCREATE INDEX CONCURRENTLY IF NOT EXISTS …;`,
            },
          },
        ]
      : [],
};

const newTableMayExist: Rule = {
  id: 'new-table-may-exist',
  severity: 'advice',
  find: ({ statement: { type, node }, existed, nameOf }) =>
    type === 'CreateStmt' && node.if_not_exists && existed(tableOf(node.relation as Node))
      ? [
          {
            where: nameOf(tableOf(node.relation as Node)),
            why: 'The table is there already: nothing was done, and whether it is the one that is meant nobody checked.',
          },
        ]
      : [],
};

export const transactions: Rule[] = [
  ...[concurrentlyInTransaction, enumValueUsed, transactionControl, concurrentlyNotRepeatable, newTableMayExist],
];
