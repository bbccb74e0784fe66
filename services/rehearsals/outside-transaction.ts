import { hasOption, type ParsedStatement, parseSql } from './sql.ts';

/**
 * What Postgres refuses because of the transaction that the migrator runs it in, in plain words: its own message names
 * neither the migrator's part in it nor the way out.
 */
export function needsNoTransaction(
  code: string | undefined,
  failedStatement: string | undefined,
): { why: string; instead: string } | undefined {
  // 25001: active_sql_transaction
  if (code === '25001') {
    const what = parseSql(failedStatement ?? '').map(nameOf)[0] ?? 'the statement';
    return {
      why: `the migrator runs it in a transaction (SeaORM 1.x runs the whole \`up\` in one, SeaORM 2 each migration in its own), in which ${what} cannot work`,
      instead: /(CREATE|DROP).*INDEX/.test(what)
        ? `run ${what} by hand before the release and leave it in the migration without CONCURRENTLY, with IF ${what.startsWith('DROP') ? '' : 'NOT '}EXISTS; or with SeaORM 2 switch the migration's transaction off (use_transaction)`
        : `take ${what} out of the migration and run it by hand before or after the release; or with SeaORM 2 switch the migration's transaction off (use_transaction)`,
    };
  }
  // 55P04: unsafe_new_enum_value_usage
  if (code === '55P04') {
    return {
      why: 'SeaORM 1.x runs the whole `up` in one transaction, in which a value that ALTER TYPE … ADD VALUE has added cannot be used yet',
      instead: 'add the value in one release and use it in the next; or move to SeaORM 2, a transaction a migration',
    };
  }
  return undefined;
}

function nameOf({ type, node, text }: ParsedStatement): string {
  switch (type) {
    case 'IndexStmt':
      return node.unique ? 'CREATE UNIQUE INDEX CONCURRENTLY' : 'CREATE INDEX CONCURRENTLY';
    case 'DropStmt':
      return 'DROP INDEX CONCURRENTLY';
    case 'ReindexStmt':
      return hasOption(node.params, 'concurrently') ? 'REINDEX CONCURRENTLY' : 'REINDEX';
    case 'VacuumStmt':
      return 'VACUUM';
    default:
      return text.split(/\s+/).slice(0, 2).join(' ').toUpperCase();
  }
}
