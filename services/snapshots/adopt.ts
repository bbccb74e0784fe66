import type { ImageInspectInfo } from 'dockerode';
import type { DatabaseSection, LoginRole } from '../compose/plan.ts';
import { exec } from '../engine/exec.ts';
import type { Host } from '../engine/host.ts';
import { Problem } from '../errors.ts';
import { identifier, literal } from '../quoting.ts';
import { firstError } from '../sources/errors.ts';
import type { TargetFacts } from './target.ts';

/**
 * Says before anything starts whether an image can run on a clone of a snapshot.
 *
 * @param mounted the image, its PGDATA, and where the clone is mounted.
 * @throws Problem `snapshot-incompatible` naming what differs.
 */
export function checkFit(
  facts: TargetFacts,
  mounted: { image: ImageInspectInfo; reference: string; pgdata: string; target: string },
): void {
  const dataPath = mounted.pgdata.slice(mounted.target.replace(/\/$/, '').length + 1);
  if (dataPath !== facts.dataPath) {
    throw new Problem(
      'snapshot-incompatible',
      `The snapshot holds its data in “${facts.dataPath || '/'}” of its volume, the stack's database looks in “${dataPath || '/'}”`,
      {
        where: 'x-greenroom.database',
        remedy: 'Mount the volume and set PGDATA as when the snapshot was captured, or capture a new one.',
      },
    );
  }
  const major = majorOf(mounted.image);
  if (major !== undefined && major !== facts.postgresMajor) {
    throw new Problem(
      'snapshot-incompatible',
      `The snapshot is of Postgres ${facts.postgresMajor}, the image ${mounted.reference} of Postgres ${major}`,
      {
        where: mounted.reference,
        remedy: `Use an image of Postgres ${facts.postgresMajor}, or capture a snapshot with the new one.`,
      },
    );
  }
}

/** The stock images say their major version in PG_MAJOR; undefined when an image does not. */
export function majorOf(image: ImageInspectInfo): number | undefined {
  const entry = (image.Config.Env ?? []).find((variable) => variable.startsWith('PG_MAJOR='));
  return entry === undefined ? undefined : Number.parseInt(entry.slice('PG_MAJOR='.length), 10);
}

export interface AdoptOptions {
  host: Pick<Host, 'docker'>;
  /** The stack's own Postgres container, its server answering on the local socket. */
  container: string;
  facts: TargetFacts;
  section: DatabaseSection;
  /** The superuser that the stack's variables name. */
  login: { user: string; password: string | undefined };
  signal: AbortSignal;
}

/**
 * Makes a clone the stack's own: the stock entrypoint skips initialisation on existing data, so what it would have
 * done with the stack's variables is done here, through the container's local socket: superuser, database name, owner,
 * passwords, search_path. Safe to repeat.
 *
 * @throws Problem `snapshot-incompatible` with the server's message, which holds no password.
 */
export async function adoptClone({ host, container, facts, section, login, signal }: AdoptOptions): Promise<void> {
  const rename = when(
    `NOT EXISTS (SELECT FROM pg_database WHERE datname = ${literal(section.name)})`,
    `ALTER DATABASE ${identifier(facts.database)} RENAME TO ${identifier(section.name)}`,
  );
  const connect = `\\connect ${identifier(section.name)}`;
  const settings = ['-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=terse'];
  const { exitCode, stderr } = await exec(host, container, {
    // Standard input, not an argument: arguments are visible to whoever may list processes.
    command: ['psql', '-XqAt', ...settings, '-U', facts.superuser, '-d', 'postgres', '-f', '-'],
    environment: { PGOPTIONS: '-c client_min_messages=warning' },
    input: [quiet, rename, connect, quiet, script(facts, section, login)].join('\n'),
    signal,
  });
  if (exitCode === 0) return;
  throw new Problem('snapshot-incompatible', `The clone could not be made the stack's own: ${firstError(stderr)}`, {
    where: 'x-greenroom.database',
    remedy: 'Check the database, owner and roles that x-greenroom names against what the snapshot holds.',
  });
}

function script(facts: TargetFacts, section: DatabaseSection, login: AdoptOptions['login']): string {
  const { user: superuser, password } = login;
  const statements = [
    'BEGIN;',
    ensureRole(superuser),
    `ALTER ROLE ${identifier(superuser)} SUPERUSER LOGIN${password ? ` PASSWORD ${literal(password)}` : ''};`,
  ];
  if (section.owner) statements.push(...takeOver(facts, section, section.owner));
  for (const role of section.roles) statements.push(...loginRole(section, role));
  return [...statements, 'COMMIT;'].join('\n');
}

/**
 * The owner the plan names gets what the source's owner had. Renaming keeps grants and default privileges; where both
 * roles exist already, objects are reassigned; a superuser's own objects, which cannot be, change hands one by one.
 */
function takeOver(facts: TargetFacts, section: DatabaseSection, owner: LoginRole): string[] {
  const statements: string[] = [];
  const from = facts.schemaOwner;
  if (from !== undefined && from !== owner.role && from !== facts.superuser) {
    statements.push(
      when(
        `${exists(from)} AND NOT ${exists(owner.role)}`,
        `ALTER ROLE ${identifier(from)} RENAME TO ${identifier(owner.role)}`,
      ),
      when(
        `${exists(from)} AND ${exists(owner.role)}`,
        `REASSIGN OWNED BY ${identifier(from)} TO ${identifier(owner.role)}`,
      ),
    );
  }
  statements.push(
    ...loginRole(section, owner),
    `ALTER DATABASE ${identifier(section.name)} OWNER TO ${identifier(owner.role)};`,
  );
  if (from === facts.superuser && from !== owner.role) statements.push(changeOwners(section.schema, owner.role));
  return statements;
}

function loginRole(section: DatabaseSection, { role, password }: LoginRole): string[] {
  return [
    ensureRole(role),
    `ALTER ROLE ${identifier(role)} LOGIN PASSWORD ${literal(password)};`,
    // Production may let only some into its database, by other names.
    `GRANT CONNECT, TEMPORARY ON DATABASE ${identifier(section.name)} TO ${identifier(role)};`,
    `ALTER ROLE ${identifier(role)} IN DATABASE ${identifier(section.name)} SET search_path = ${searchPath(section.schema)};`,
  ];
}

function searchPath(schema: string): string {
  return schema === 'public' ? 'public' : `${identifier(schema)}, public`;
}

function ensureRole(role: string): string {
  return when(`NOT ${exists(role)}`, `CREATE ROLE ${identifier(role)}`);
}

function exists(role: string): string {
  return `EXISTS (SELECT FROM pg_roles WHERE rolname = ${literal(role)})`;
}

/** psql runs the statement only when the condition holds at that point. */
function when(condition: string, statement: string): string {
  return `SELECT ${literal(statement)} WHERE ${condition}\n\\gexec`;
}

function changeOwners(schema: string, role: string): string {
  const to = ` || ${literal(` OWNER TO ${identifier(role)}`)}`;
  const namespace = `(SELECT oid FROM pg_namespace WHERE nspname = ${literal(schema)})`;
  return `
SELECT 'ALTER SCHEMA ' || quote_ident(nspname)${to} FROM pg_namespace WHERE nspname = ${literal(schema)}
UNION ALL
SELECT format('ALTER %s %s', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
  WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass)${to}
FROM pg_class c WHERE relnamespace = ${namespace} AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
    AND (d.deptype = 'e' OR (c.relkind = 'S' AND d.deptype IN ('a', 'i'))))
UNION ALL
SELECT format('ALTER ROUTINE %s', oid::regprocedure)${to} FROM pg_proc p WHERE pronamespace = ${namespace}
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
UNION ALL
SELECT format('ALTER TYPE %s', t.oid::regtype)${to} FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE typnamespace = ${namespace} AND (typtype IN ('e', 'd', 'r') OR (typtype = 'c' AND c.relkind = 'c'))
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.classid = 'pg_type'::regclass AND d.deptype = 'e')
\\gexec`;
}

/** Statements with passwords must not reach the server's log, whatever the service's configuration logs. */
const quiet = `SET log_statement = 'none'; SET log_min_duration_statement = -1; SET log_min_error_statement = 'panic';
SET log_duration = off; SET standard_conforming_strings = on;`;
