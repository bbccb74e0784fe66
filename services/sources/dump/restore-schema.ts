import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { identifier, literal } from '../../quoting.ts';
import { connectTarget, type Target } from '../../snapshots/capture/target.ts';
import { withoutValues } from '../errors.ts';
import { dumpInvalid } from './errors.ts';
import { type Statement, shown } from './statements.ts';

const insufficientPrivilege = '42501';

/**
 * Restores a dump's definitions as a role that is no superuser, named as the one of the stack's: some definitions run what
 * the dump defines (a partition's bounds, a constant that an index computes), and that may be anything. Before them the
 * superuser makes the extensions, by name, while nothing of the dump is there for their scripts to find; after them it grants.
 *
 * @param server connects as a superuser that has a name of its own
 * @throws Problem `dump-invalid` naming the statement, or the signal's reason
 */
export async function restoreSchema(
  server: Pick<Target, 'login'>,
  { database, restorer }: { database: string; restorer: string },
  statements: readonly Statement[],
  signal: AbortSignal,
): Promise<void> {
  const superuser = await connectTarget(server, database);
  const password = randomBytes(24).toString('hex');
  let client: pg.Client | undefined;
  // A function that never ends holds nobody up.
  const stop = () => void client?.end().catch(() => {});
  signal.addEventListener('abort', stop, { once: true });
  try {
    await superuser.query(`SET search_path = ''`);
    const roles = await createRoles(superuser, database, restorer, password, statements);
    const made = await createExtensions(superuser, restorer, statements);
    client = await connectTarget({ login: { ...server.login, user: restorer, password } }, database);
    const session = client;
    const raised = async (text: string) => {
      await superuser.query(`ALTER ROLE ${identifier(restorer)} SUPERUSER`);
      await run(session, text).finally(() => superuser.query(`ALTER ROLE ${identifier(restorer)} NOSUPERUSER`));
    };
    for (const { text, fate, view, schema, changesOwner } of statements) {
      signal.throwIfAborted();
      if (fate === 'run' && !(schema && made.has(schema)))
        await run(session, text, changesOwner ? () => raised(text) : undefined);
      if (fate === 'declare') await raised(text);
      if (view) await markPopulated(superuser, view);
    }
    for (const { text, fate } of statements) {
      signal.throwIfAborted();
      if (fate === 'grant') await raised(text);
    }
    // What a function may have set for every session to come.
    await superuser.query(`ALTER DATABASE ${identifier(database)} RESET ALL`);
    for (const name of await dataWrappers(superuser))
      await superuser.query(`REVOKE USAGE ON FOREIGN DATA WRAPPER ${identifier(name)} FROM ${identifier(restorer)}`);
    for (const role of roles) await superuser.query(`REVOKE ${identifier(role)} FROM ${identifier(restorer)}`);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', stop);
    await client?.end().catch(() => {});
    await superuser.end().catch(() => {});
  }
}

/** Makes who restores, who owns the database, and the roles that the dump names, of which it is a member meanwhile. */
async function createRoles(
  superuser: pg.Client,
  database: string,
  restorer: string,
  password: string,
  statements: readonly Statement[],
): Promise<string[]> {
  const named = new Set(statements.flatMap(({ roles }) => roles));
  // Those that begin with pg_ every server has.
  const roles = [...named].filter((role) => role !== restorer && !role.startsWith('pg_'));
  await superuser.query(`CREATE ROLE ${identifier(restorer)} LOGIN NOSUPERUSER PASSWORD ${literal(password)}`);
  await superuser.query(`ALTER DATABASE ${identifier(database)} OWNER TO ${identifier(restorer)}`);
  for (const role of roles) {
    await superuser.query(`CREATE ROLE ${identifier(role)} NOLOGIN`);
    await superuser.query(`GRANT ${identifier(role)} TO ${identifier(restorer)}`);
  }
  return roles;
}

/** @returns the schemas that were made for them, which are the restorer's */
async function createExtensions(
  superuser: pg.Client,
  restorer: string,
  statements: readonly Statement[],
): Promise<Set<string>> {
  const made = new Set<string>();
  for (const { text, extension } of statements) {
    if (!extension) continue;
    const { name, schema } = extension;
    const { rows } = await superuser.query('SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema]);
    if (schema !== undefined && rows.length === 0) {
      await superuser.query(`CREATE SCHEMA ${identifier(schema)} AUTHORIZATION ${identifier(restorer)}`);
      made.add(schema);
    }
    const into = schema === undefined ? '' : ` SCHEMA ${identifier(schema)}`;
    await run(superuser, `CREATE EXTENSION IF NOT EXISTS ${identifier(name)}${into}`, undefined, text);
  }
  // Foreign tables are left out of a snapshot by name, so they have to be there.
  for (const name of await dataWrappers(superuser))
    await superuser.query(`GRANT USAGE ON FOREIGN DATA WRAPPER ${identifier(name)} TO ${identifier(restorer)}`);
  return made;
}

async function dataWrappers(superuser: pg.Client): Promise<string[]> {
  const { rows } = await superuser.query<{ name: string }>(
    'SELECT fdwname AS name FROM pg_catalog.pg_foreign_data_wrapper',
  );
  return rows.map(({ name }) => name);
}

/** As REFRESH does, without computing it: what a view calls is the dump's own. */
async function markPopulated(client: pg.Client, { schema, name }: { schema: string; name: string }): Promise<void> {
  await client.query(
    `UPDATE pg_catalog.pg_class c SET relispopulated = true FROM pg_catalog.pg_namespace n
     WHERE n.oid = c.relnamespace AND n.nspname = $1 AND c.relname = $2 AND c.relkind = 'm'`,
    [schema, name],
  );
}

/**
 * @param raise does it where nothing but the new owner's right to create in the schema or database is missing: it gets that by
 *   grants, which come last. That the object is the restorer's, and the new owner one of its roles, Postgres has checked by then.
 */
async function run(client: pg.Client, text: string, raise?: () => Promise<void>, where = text): Promise<void> {
  try {
    await client.query(text);
  } catch (error) {
    const { severity, code, message } = error as { severity?: string; code?: string; message: string };
    if (severity === undefined) throw error;
    const isPrivilege = code === insufficientPrivilege;
    if (
      raise &&
      isPrivilege &&
      /^permission denied for (schema|database) |^must be owner of schema public$/.test(message)
    )
      return raise();
    throw dumpInvalid(
      `Postgres refused a statement of it: ${withoutValues(error)}`,
      isPrivilege
        ? 'A dump is restored without a superuser’s rights. What needs them has to be in an extension of the image; or capture from the server itself.'
        : 'An extension or type that the image lacks has to be in the image of the project’s database service; a dump of a newer Postgres needs a newer image.',
      shown(where),
    );
  }
}
