import { readBefore, readForeignKeys, readUnindexedForeignKeys } from '../../services/rehearsals/before.ts';
import { logFolder, logging, observe } from '../../services/rehearsals/clone.ts';
import type { Known } from '../../services/rehearsals/findings/findings.ts';
import type { Observed } from '../../services/rehearsals/observed.ts';
import { observer } from '../../services/rehearsals/observer.ts';
import { counting } from '../../services/rehearsals/preload.ts';
import { countStatements, readStatementCosts } from '../../services/rehearsals/statement-costs.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { imageOf, type Major } from './postgres-versions.ts';

export interface Asked {
  /** As the version of a migration. */
  id: string;
  sql: string;
  /** It cannot run in a transaction. */
  alone?: boolean;
  /** It is to fail. */
  fails?: boolean;
  /** How often it is asked, once without it. */
  times?: number;
}

/**
 * Runs statements as a migrator does, each in a transaction of its own that books it and is rolled back, and reads what
 * the server says of them.
 *
 * @param schema makes the tables, in schema `t`.
 */
export async function observeStatements(
  major: Major,
  schema: string,
  asked: Asked[],
): Promise<{ observed: Observed; known: Known }> {
  const settings = {
    ...{ ...logging, ...counting, shared_preload_libraries: 'pg_stat_statements' },
    ...{ fsync: 'off', TimeZone: 'UTC' },
  };
  const postgres = await startPostgres({ image: await imageOf(major), settings });
  try {
    await postgres.createDatabase('truth', `CREATE SCHEMA t; SET search_path = t; ${schema}; ${books}`);
    const superuser = await postgres.connect('truth');
    await superuser.query(observe);
    await countStatements(superuser);
    const before = await readBefore(superuser, 't');
    const foreignKeys = await readForeignKeys(superuser);
    const client = await postgres.connect('truth');
    await client.query('SET search_path = t');
    const unindexedForeignKeys: Known['unindexedForeignKeys'] = [];
    for (const { id, sql, alone, fails, times = 1 } of asked) {
      const ask = () =>
        client.query(sql).catch((error) => {
          if (!fails) throw new Error(`${sql}: ${error.message}`);
          return client.query('ROLLBACK; BEGIN');
        });
      if (alone) await ask();
      await client.query('BEGIN');
      for (let time = 0; !alone && time < times; time += 1) await ask();
      unindexedForeignKeys.push(...(await readUnindexedForeignKeys(client)));
      await client.query(`INSERT INTO seaql_migrations (version, applied_at) VALUES ('${id}', 0)`);
      await client.query('ROLLBACK');
    }
    await client.query(`DO $$ BEGIN RAISE LOG 'the end'; END $$`);
    const costs = await readStatementCosts(superuser);
    await Promise.all([client.end(), superuser.end()]);
    const { read, end } = observer(before);
    for (const line of (await wholeLog(postgres)).split('\n')) read(line);
    const tables = new Set(before.names.values());
    return {
      observed: end(costs),
      known: { tables, searchPath: before.searchPath, maxLockMs: 1000, unindexedForeignKeys, foreignKeys },
    };
  } finally {
    await postgres.remove();
  }
}

const books = `
CREATE TABLE seaql_migrations (version text PRIMARY KEY, applied_at bigint);
VACUUM ANALYZE;`;

async function wholeLog(postgres: TestPostgres): Promise<string> {
  for (;;) {
    const log = await postgres.run(['cat', `/var/lib/postgresql/data/${logFolder}/greenroom.json`]);
    if (log.includes('"message":"the end"')) return log;
  }
}
