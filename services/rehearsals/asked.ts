import type pg from 'pg';
import type { components } from '../../openapi/types.ts';
import type { DatabaseSection } from '../compose/plan.ts';
import { type Database, queryOne } from '../database/queries.ts';
import { Problem } from '../errors.ts';
import { identifier } from '../quoting.ts';
import { parseSql } from './sql.ts';

/** A statement of the project's own that runs among the migrations. */
export type Asked = NonNullable<components['schemas']['RehearsalWishes']['workload']>[number];

const ordinary = /^(Select|Insert|Update|Delete|Merge)Stmt$/;

/** @throws Problem `invalid-request` for what is no single statement that an application would ask, or a name twice */
export function checkAsked(asked: Asked[]): void {
  for (const [index, { name, sql }] of asked.entries()) {
    const [statement, ...more] = parseSql(sql);
    if (!statement || more.length > 0 || !ordinary.test(statement.type)) {
      throw new Problem(
        'invalid-request',
        `${name} is not one SELECT, INSERT, UPDATE, DELETE or MERGE in Postgres' SQL`,
        {
          where: `/rehearsal/workload/${index}/sql`,
          remedy: 'Give each statement by itself, with its values in it.',
        },
      );
    }
    if (asked.findIndex((one) => one.name === name) < index) {
      throw new Problem('invalid-request', `Two statements have the name ${name}`, {
        where: `/rehearsal/workload/${index}/name`,
        remedy: 'Give each a name of its own; the report tells them apart by it.',
      });
    }
  }
}

export async function askedOf(database: Database, project: string): Promise<Asked[]> {
  const row = await queryOne<{ rehearsal: components['schemas']['RehearsalWishes'] }>(database, 'get-project', [
    project,
  ]);
  return row?.rehearsal.workload ?? [];
}

/** Makes a session of greenroom's the application's: the section's first role, else the schema's owner, else it stays what it is. */
export async function becomeApplication(client: pg.Client, { schema, roles, owner }: DatabaseSection): Promise<void> {
  await client.query(`SET search_path = ${[...new Set([schema, 'public'])].map(identifier).join(', ')}`);
  const role = (roles[0] ?? owner)?.role;
  if (role) await client.query(`SET SESSION AUTHORIZATION ${identifier(role)}`);
}
